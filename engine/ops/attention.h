// SPDX-License-Identifier: Apache-2.0
// softmax(q k^T * scale + mask) v per head, several query heads sharing a key/value head (GQA). One
// LibTorch call serves both speeds: it is fused, tiled and differentiable. The mask is made once
// per forward call and shared by the layers; where causality alone says everything there is none,
// so that the kernel skips what lies above the diagonal.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

struct AttentionMask {
    bool causal = false;  // plain lower triangle, T = S
    at::Tensor bias;      // 0 or -inf, [B or 1, 1, T, S] in the compute dtype; undefined: none
};

struct MaskOptions {
    int64_t queries = 0;  // T, positions of this call
    int64_t past = 0;     // positions already in the cache; S = past + T
    bool causal = true;   // a query sees keys up to its own position
    at::Tensor padding;   // bool [B, S], false = padding; undefined: everything counts
    at::Tensor
        documents;  // int64 [B, T], past = 0: attention stays inside equal ids; undefined: one
    at::ScalarType dtype = at::kFloat;
    at::Device device = at::kCPU;
};

// Every query sees at least its own position, so that rows of padding stay finite (and
// meaningless). Error: padding or documents of another shape, documents together with a cache.
AttentionMask make_mask(const MaskOptions& options);

// q [B, H, T, D], k and v [B, Hkv, S, D] with H a multiple of Hkv -> [B, H, T, D], laid out so that
// transpose(1, 2).reshape({B, T, H * D}) copies nothing. scale: usually 1 / sqrt(D).
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionMask& mask, double scale);

// The softmax alone, [B, H, T, S]: what each query looks at.
at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k,
                                   const AttentionMask& mask, double scale);

// The plain twin: the formula written out, for tests.
at::Tensor attention_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const AttentionMask& mask, double scale);

}  // namespace moonlet::ops
