// SPDX-License-Identifier: Apache-2.0
// The CUDA kernel of rms_norm on raw device pointers; plugin.cpp gives it tensors. No ATen here,
// because that would cost every .cu file 24 s of compiling.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace moonlet::ops::cuda {

enum class Element { f32, bf16, f16 };

// rows contiguous rows of n on the current device; x, weight, y of one element type; asynchronous
// on `stream`. Sums in f32, rounding as ops/rms_norm.h says. Returns the launch's error.
cudaError_t rms_norm(const void* x, const void* weight, void* y, int64_t rows, int64_t n, float eps,
                     Element element, cudaStream_t stream);

}  // namespace moonlet::ops::cuda
