// SPDX-License-Identifier: Apache-2.0
// Root-mean-square normalisation (Zhang & Sennrich 2019): x / sqrt(mean(x^2) + eps) * weight over
// the last dimension, the mean taken in f32. Families differ in where they round to x's dtype, as
// transformers does: see NormWeight. The fused kernels (rms_norm_kernel.cpp, cuda/rms_norm.cu)
// round at the same places, so training and rollouts see the same numbers.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

enum class NormWeight {
    rounded,   // x / rms is rounded, then multiplied by the weight (Llama and most)
    wide,      // multiplied in f32 and rounded once (OLMo 2, gpt-oss)
    one_plus,  // wide, by 1 + weight (Gemma)
};

// x [.., n], weight [n] -> [.., n] in x's dtype. Differentiable while autograd records; else fused
// on CPU for f32 and bf16 and, where the CUDA plug-in is open, on CUDA for f32, bf16 and f16.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps,
                    NormWeight kind = NormWeight::rounded);

// The plain twin, for every dtype and device; also the differentiable path.
at::Tensor rms_norm_plain(const at::Tensor& x, const at::Tensor& weight, double eps,
                          NormWeight kind = NormWeight::rounded);

}  // namespace moonlet::ops
