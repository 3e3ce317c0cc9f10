// SPDX-License-Identifier: Apache-2.0
// The CPU kernels of attention for many queries, forth and back: softmax(q k^T * scale + bias) v
// for the query heads that share one head of keys. Scores exist for some queries at a time, in f32;
// keys that causality hides from all of them are not computed. No tensors, no threads. Where the
// processor multiplies pairs of bf16, shares and their gradients are rounded to bf16 before the
// products they go into, as LibTorch's own kernel does; else all is f32.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// Rows of one head: element i of position t is at[t * step + i]. Heads of the group follow `head`
// elements apart.
struct HeadRows {
    void* at = nullptr;
    int64_t head = 0, step = 0;
};

struct AttentionGroup {
    int64_t heads = 1;  // of queries
    int64_t queries = 0, keys = 0, width = 0, value_width = 0;
    bool causal = false;  // query t sees keys up to t
    float scale = 1;
    HeadRows q, out;  // [heads, queries, width], [heads, queries, value_width]
    HeadRows k, v;    // [keys, width], [keys, value_width]
    HeadRows bias;    // [queries, keys] added to scores, or at = nullptr
    // [heads, queries, 2]: the greatest score and 1 / the sum of exponentials less it, so that the
    // way back has the very shares of the way forth.
    float* sums = nullptr;
    HeadRows dout, dq, dk, dv;  // of out, q, k, v; only for the way back
};

// T: float, or bf16 as its 16 bits, of all rows.
struct AttentionKernels {
    // Writes out and sums of queries [begin, end).
    void (*forward_f32)(const AttentionGroup& group, int64_t begin, int64_t end);
    void (*forward_bf16)(const AttentionGroup& group, int64_t begin, int64_t end);
    // Writes dq, dk and dv from dout, out and sums.
    void (*backward_f32)(const AttentionGroup& group);
    void (*backward_bf16)(const AttentionGroup& group);
};

// For the instructions in use (cpu/isa.h).
const AttentionKernels& attention_kernels();

// One file each; to be called where isa.h allows it.
const AttentionKernels& attention_baseline();
const AttentionKernels& attention_avx2();
const AttentionKernels& attention_avx512();
const AttentionKernels& attention_avx512_bf16();

}  // namespace moonlet::ops
