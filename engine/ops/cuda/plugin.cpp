// SPDX-License-Identifier: Apache-2.0
// libmoonlet_cuda.so: tensors in, kernels launched on the current stream. Linking it brings
// LibTorch's CUDA half in; the engine opens it only where a driver is (ops/cuda_plugin.h). It links
// nothing of moonlet, so it can be opened before or after the engine.
#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "ops/cuda/rms_norm.h"
#include "ops/cuda_plugin.h"

namespace {

using moonlet::ops::cuda::Element;

bool element_of(at::ScalarType type, Element& element) {
    switch (type) {
        case at::kFloat: element = Element::f32; return true;
        case at::kBFloat16: element = Element::bf16; return true;
        case at::kHalf: element = Element::f16; return true;
        default: return false;
    }
}

bool rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, at::Tensor& y) {
    Element element;
    if (!element_of(x.scalar_type(), element) || x.size(-1) == 0) return false;
    at::Tensor from = x.contiguous(), scale = weight.contiguous();
    c10::cuda::CUDAGuard device(x.device());
    y = at::empty_like(from, at::MemoryFormat::Contiguous);
    cudaError_t error = moonlet::ops::cuda::rms_norm(
        from.const_data_ptr(), scale.const_data_ptr(), y.data_ptr(), from.numel() / from.size(-1),
        from.size(-1), float(eps), element, c10::cuda::getCurrentCUDAStream());
    return error == cudaSuccess;
}

}  // namespace

// Fills the table, or returns why CUDA cannot be used.
extern "C" const char* moonlet_cuda_fill(moonlet::ops::CudaKernels* kernels) {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) return "no CUDA device";
    kernels->rms_norm = rms_norm;
    return nullptr;
}
