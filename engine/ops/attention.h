// SPDX-License-Identifier: Apache-2.0
// softmax(q k^T * scale + mask) v per head, several query heads sharing a key/value head (GQA). One
// LibTorch call serves both speeds where that is all: it is fused, tiled and differentiable. Scores
// with a softcap (Gemma 2) or a softmax with sinks (gpt-oss) take the formula itself with autograd,
// and without it the same by tiles of queries, so that no [T, S] stands in memory at once. Masks
// are made once per kind and forward call and shared by the layers; where causality alone says
// everything there is none, so that the kernel skips what lies above the diagonal.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

struct AttentionMask {
    bool causal = false;  // plain lower triangle, T = S
    at::Tensor bias;      // 0 or -inf, [B or 1, 1, T, S - first] in the compute dtype; undefined:
                          // none
    int64_t first = 0;    // no query sees a key before this one: those are left out
    // Whether it says no more than this: the queries are the last T keys, and each sees its own
    // key, those before it, and of them `window` in all (0: all).
    bool in_line = false;
    int64_t window = 0;
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
    // A causal query sees so many keys, its own the last of them (transformers' sliding_window); 0:
    // all.
    int64_t window = 0;
};

// Every query sees at least its own position, so that rows of padding stay finite (and
// meaningless). Error: padding or documents of another shape, documents together with a cache, a
// window without causality.
AttentionMask make_mask(const MaskOptions& options);

struct AttentionOptions {
    double scale = 1;       // usually 1 / sqrt(D)
    double softcap = 0;     // scores become softcap * tanh(score / softcap) before the mask; 0: as
                            // they are
    at::Tensor sinks = {};  // [H]: a score per head that takes part in the softmax and has no
                            // value; undefined: none
};

// q [B, H, T, D], k and v [B, Hkv, S, D] with H a multiple of Hkv -> [B, H, T, D], laid out so that
// transpose(1, 2).reshape({B, T, H * D}) copies nothing.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionMask& mask, const AttentionOptions& options);

// The softmax alone, [B, H, T, S]: what each query looks at.
at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k,
                                   const AttentionMask& mask, const AttentionOptions& options);

// The plain twin: the formula written out, for tests, and differentiable in everything.
at::Tensor attention_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const AttentionMask& mask, const AttentionOptions& options);

}  // namespace moonlet::ops
