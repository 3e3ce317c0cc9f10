// SPDX-License-Identifier: Apache-2.0
// Attention in a decode step as one native call: a few new tokens per row over keys and values that
// lie in pages. Queries and keys are turned, the new keys and values stored, and the softmax taken
// where the pages are (cpu/attend.h); with the projections and norms around it in AttentionStep. It
// rounds to the dtype where the ops on tensors do (linear.h, rms_norm.h, rope.h), which are its
// plain twins; scores and weights stay in f32 throughout. What a token becomes depends on no other
// row, no later token and no number of threads.
#pragma once

#include "ops/attention.h"
#include "ops/cpu/kv_pages.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"

namespace moonlet {
namespace cpu {
class RowWeights;
}

namespace ops {

struct PagedCall {
    const KvPages* pages;
    const AttentionOptions* options;
    const Angles* angles;
    int64_t window = 0;  // a token sees so many positions, its own the last of them; 0: all
};

// Whether `pages` can take these: as many rows, heads of keys and components of a head as asked
// for, angles on the CPU in f32 or bf16.
bool takes_pages(const PagedCall& call, int64_t batch, int64_t tokens, int64_t kv_heads,
                 int64_t head_dim);

// q [B, T, H, D], k and v [B, T, Hkv, D], each head's components in one piece, before they turn ->
// [B, T, H * D]. To be asked for where few_rows() says so of q and takes_pages() holds.
at::Tensor attend_pages(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const PagedCall& call);

// The same over keys and values that stand in tensors, turned already, the queries being their last
// T: q [B, H, T, D], k and v [B, Hkv, S, D] -> [B, H, T, D], where lies_in_pages() says that k and
// v are laid out as pages are. Their numbers are those of attend_pages().
bool lies_in_pages(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
at::Tensor attend_in_line(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const AttentionOptions& options, int64_t window);

struct StepNorm {
    at::Tensor weight;  // undefined: no norm
    double eps = 0;
    NormWeight kind = NormWeight::rounded;
};

struct AttentionStep {
    const cpu::RowWeights *q, *k, *v, *out;
    int64_t heads, kv_heads;
    StepNorm q_norm, k_norm;
    bool norm_of_all = false;  // over all heads together, not each
};

// x [B, T, width] -> [B, T, width]: projections, norms, attend_pages and the output's projection,
// under the same conditions.
at::Tensor attention_step(const at::Tensor& x, const AttentionStep& step, const PagedCall& call);

}  // namespace ops
}  // namespace moonlet
