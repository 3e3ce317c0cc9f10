// SPDX-License-Identifier: Apache-2.0
// The door between the engine, which links no CUDA, and libmoonlet_cuda.so, which holds the CUDA
// kernels and pulls LibTorch's CUDA half in. The plug-in fills a table of function pointers; an op
// asks the table and falls back to LibTorch's own kernels where it is empty.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace moonlet::ops {

struct CudaKernels {
    // As ops::rms_norm, into y. false: a dtype or shape the kernel does not serve.
    bool (*rms_norm)(const at::Tensor& x, const at::Tensor& weight, double eps,
                     at::Tensor& y) = nullptr;
};

// Empty until the plug-in is open.
const CudaKernels& cuda_kernels();

// Opens libmoonlet_cuda.so, which stands beside this library, where there is a CUDA driver. Must
// run before the first ATen call of the process: LibTorch looks for its CUDA half only once. Safe
// to call again. True when CUDA can be used; cuda_status() says why or why not.
bool open_cuda_plugin();
const std::string& cuda_status();

}  // namespace moonlet::ops
