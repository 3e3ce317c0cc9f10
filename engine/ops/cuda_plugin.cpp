// SPDX-License-Identifier: Apache-2.0
// The driver is looked for first: without it, opening the plug-in would load gigabytes of
// LibTorch's CUDA half for nothing. RTLD_GLOBAL, because LibTorch finds its CUDA hooks through the
// global table.
#include "ops/cuda_plugin.h"

#include <dlfcn.h>

#include <filesystem>

namespace moonlet::ops {

namespace {

struct State {
    bool tried = false, usable = false;
    std::string status = "not looked for yet";
    CudaKernels kernels;
};

State& state() {
    static State one;
    return one;
}

std::string plugin_path() {
    Dl_info info;
    if (!::dladdr(reinterpret_cast<void*>(&open_cuda_plugin), &info) || !info.dli_fname) return "";
    std::error_code ignored;
    auto here = std::filesystem::canonical(info.dli_fname, ignored);
    return ignored ? "" : (here.parent_path() / "libmoonlet_cuda.so").string();
}

std::string try_open(State& s) {
    if (!::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL)) return "no CUDA driver (libcuda.so.1)";
    std::string path = plugin_path();
    if (path.empty() || !std::filesystem::exists(path))
        return "built without the CUDA plug-in (libmoonlet_cuda.so)";
    void* plugin = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL);
    if (!plugin) return std::string("the CUDA plug-in does not open: ") + ::dlerror();
    using Fill = const char* (*)(CudaKernels*);
    auto fill = reinterpret_cast<Fill>(::dlsym(plugin, "moonlet_cuda_fill"));
    if (!fill) return "the CUDA plug-in is of another version: build it again";
    if (const char* problem = fill(&s.kernels)) return problem;
    s.usable = true;
    return "CUDA";
}

}  // namespace

const CudaKernels& cuda_kernels() { return state().kernels; }

bool open_cuda_plugin() {
    State& s = state();
    if (!s.tried) {
        s.tried = true;
        s.status = try_open(s);
    }
    return s.usable;
}

const std::string& cuda_status() { return state().status; }

}  // namespace moonlet::ops
