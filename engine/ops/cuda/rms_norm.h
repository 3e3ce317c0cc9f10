// SPDX-License-Identifier: Apache-2.0
// The CUDA kernel of rms_norm on raw device pointers, alone or behind the sum with a residual
// stream; plugin.cpp gives it tensors.
#pragma once

#include "ops/cuda/element.h"

namespace moonlet::ops::cuda {

// rows contiguous rows of n on the current device; x, weight, y of one element type; asynchronous
// on `stream`. Sums in f32, rounding as ops/rms_norm.h says. Returns the launch's error.
cudaError_t rms_norm(const void* x, const void* weight, void* y, int64_t rows, int64_t n, float eps,
                     Element element, cudaStream_t stream);

// sum = x + residual, rounded; y = the rms_norm of sum. sum may be residual itself.
cudaError_t add_rms_norm(const void* x, const void* residual, const void* weight, void* sum,
                         void* y, int64_t rows, int64_t n, float eps, Element element,
                         cudaStream_t stream);

}  // namespace moonlet::ops::cuda
