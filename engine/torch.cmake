# SPDX-License-Identifier: Apache-2.0
# The two big foreign libraries as imported targets, from .deps/ as scripts/setup leaves it.
#   moonlet::torch        LibTorch's CPU part: torch_cpu and c10, found again at run time by rpath
#   moonlet::torch_cuda   what the CUDA plug-in links on top; only where setup saw a CUDA compiler
#   moonlet::faiss        FAISS (avx2) over torch's MKL
# Torch_DIR (…/share/cmake/Torch) and faiss_DIR (…/lib/cmake/faiss, or …/share/faiss), as variables
# of CMake or of the environment, name other installations. TorchConfig.cmake itself is not used:
# the wheel is a CUDA build, and its configuration insists on a CUDA toolkit even where only the CPU
# part is linked.

include_guard(GLOBAL)
set(MOONLET_DEPS ${PROJECT_SOURCE_DIR}/.deps CACHE PATH "what scripts/setup made")

foreach(name Torch faiss)
    if(NOT ${name}_DIR AND DEFINED ENV{${name}_DIR})
        set(${name}_DIR $ENV{${name}_DIR})
    endif()
endforeach()

# ---- LibTorch
if(Torch_DIR)
    get_filename_component(torch_root ${Torch_DIR}/../../.. ABSOLUTE)
else()
    set(torch_root ${MOONLET_DEPS}/torch)
endif()
if(NOT EXISTS ${torch_root}/lib/libtorch_cpu.so)
    message(FATAL_ERROR "no LibTorch in ${torch_root}: run scripts/setup first")
endif()

# Headers are SYSTEM: their warnings are not ours. The C++ ABI is fixed by how the wheel was built.
function(moonlet_torch_library name file)
    add_library(${name} SHARED IMPORTED GLOBAL)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${torch_root}/lib/${file})
endfunction()
moonlet_torch_library(moonlet_c10 libc10.so)
moonlet_torch_library(moonlet_torch_cpu libtorch_cpu.so)
# libtorch_cpu finds libcudart and libcupti by its own rpath; the linker need not.
target_link_options(moonlet_torch_cpu INTERFACE -Wl,--allow-shlib-undefined)

add_library(moonlet::torch INTERFACE IMPORTED GLOBAL)
target_include_directories(moonlet::torch SYSTEM INTERFACE
    ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
target_compile_definitions(moonlet::torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
target_link_libraries(moonlet::torch INTERFACE moonlet_torch_cpu moonlet_c10)

if(EXISTS ${torch_root}/lib/libtorch_cuda.so)
    moonlet_torch_library(moonlet_c10_cuda libc10_cuda.so)
    moonlet_torch_library(moonlet_torch_cuda libtorch_cuda.so)
    add_library(moonlet::torch_cuda INTERFACE IMPORTED GLOBAL)
    # cuBLAS, cuDNN and the rest come with the machine that has the GPU; unresolved here is right.
    target_link_options(moonlet::torch_cuda INTERFACE
        -Wl,--allow-shlib-undefined -Wl,--unresolved-symbols=ignore-in-shared-libs)
    target_link_libraries(moonlet::torch_cuda INTERFACE
        moonlet_torch_cuda moonlet_c10_cuda moonlet::torch)
endif()

# ---- FAISS
# Order matters: torch's MKL must be found before OpenBLAS, which only fills four LAPACK symbols
# that LibTorch lacks. The other way round OpenBLAS would silently serve torch's own gemm too
# (DESIGN.md section 4).
if(faiss_DIR)
    get_filename_component(faiss_root ${faiss_DIR}/../../.. ABSOLUTE)
else()
    set(faiss_root ${MOONLET_DEPS}/faiss)
endif()
find_library(faiss_library NAMES faiss_avx2 faiss PATHS ${faiss_root}/lib NO_DEFAULT_PATH)
find_library(openblas_library NAMES openblas)
if(faiss_library AND openblas_library)
    add_library(moonlet::faiss INTERFACE IMPORTED GLOBAL)
    target_include_directories(moonlet::faiss SYSTEM INTERFACE ${faiss_root}/include)
    target_link_libraries(moonlet::faiss INTERFACE
        ${faiss_library} moonlet_torch_cpu moonlet_c10 ${openblas_library} gomp)
endif()
