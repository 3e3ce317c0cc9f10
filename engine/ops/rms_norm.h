// SPDX-License-Identifier: Apache-2.0
// Root-mean-square normalisation (Zhang & Sennrich 2019): x / sqrt(mean(x^2) + eps) * weight over
// the last dimension. The mean is taken in f32, x / rms is rounded to x's dtype and then
// multiplied, as transformers does. The fused kernels (rms_norm_kernel.cpp, cuda/rms_norm.cu) round
// at the same places, so training and rollouts see the same numbers.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

// x [.., n], weight [n] -> [.., n] in x's dtype. Differentiable while autograd records; else fused
// on CPU for f32 and bf16 and, where the CUDA plug-in is open, on CUDA for f32, bf16 and f16.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// The plain twin, for every dtype and device; also the differentiable path.
at::Tensor rms_norm_plain(const at::Tensor& x, const at::Tensor& weight, double eps);

}  // namespace moonlet::ops
