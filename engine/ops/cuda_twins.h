// SPDX-License-Identifier: Apache-2.0
// The plain twins of the CUDA plug-in's kernels: the same functions in LibTorch's own operations,
// on any device, rounding where the kernels round. Tests hold the kernels against them on a GPU,
// and them against the engine's other operations everywhere. RMSNorm's twin is ops::rms_norm_plain,
// SwiGLU's ops::gated with ops::silu. Layouts as ops/cuda/<name>.h says.
#pragma once

#include <ATen/ATen.h>

#include <utility>

#include "ops/cuda_plugin.h"

namespace moonlet::ops {

// {x + residual, its rms_norm_plain}.
std::pair<at::Tensor, at::Tensor> add_rms_norm_plain(const at::Tensor& x,
                                                     const at::Tensor& residual,
                                                     const at::Tensor& weight, double eps);

// q [B, T, heads, D] turned in place; k and v [B, T, kv_heads, D] turned and as they are into
// keys and values [B, kv_heads, capacity, D] behind lengths[b] positions; what has no room is left
// out.
void rope_store_plain(at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor& keys,
                      at::Tensor& values, const at::Tensor& inv_freq, const at::Tensor& lengths,
                      double magnitude);

// What the codes stand for, f32 [N, K].
at::Tensor gemv_weight(const at::Tensor& codes, const at::Tensor& scales);
// x W^T + bias in f32, then rounded to x's dtype.
at::Tensor gemv_plain(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& scales,
                      const at::Tensor& bias);

// q [B, H, D], keys and values [B, Hkv, capacity, D] -> [B, H, D], in f32, then rounded.
at::Tensor decode_attention_plain(const at::Tensor& q, const at::Tensor& keys,
                                  const at::Tensor& values, const at::Tensor& lengths, double scale,
                                  int64_t window);

// What filters leave of one row, f32 [V] on the CPU: scaled logits, -inf for what is out.
at::Tensor kept_scores(const at::Tensor& row, const SampleFilters& filters);
// Ids int64 [B] of logits [B, V] by state int64 [B, 2] (seed and step, advanced); -1 for a row
// whose likeliest logit is NaN or not finite.
at::Tensor sample_plain(const at::Tensor& logits, at::Tensor& state, const SampleFilters& filters);

}  // namespace moonlet::ops
