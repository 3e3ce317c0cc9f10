// SPDX-License-Identifier: Apache-2.0
// How llama.cpp reshapes a checkpoint's tensors, as pairs of inverse operations. Nothing here knows
// a family: which tensor is moved how stands in gguf_names.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace moonlet {

enum class GgufMove {
    same,
    // Rotary halves: a checkpoint rotates dimension d with d + n/2, llama.cpp's llama 2d with 2d+1.
    rotary_q,
    rotary_k,
    plus_one,     // norms that multiply by 1 + weight: the file holds the sum
    transposed,   // [in, out] in the checkpoint (GPT-2's Conv1D)
    qkv_by_head,  // q, k and v of each head together in the checkpoint, all q first in the file
    // One file tensor [q; k; v] is three of the checkpoint. Only read: we write them apart.
    part_q,
    part_k,
    part_v,
    part_q_rotary,
    part_k_rotary,
    joined,   // several file tensors, one below the other, are one of the checkpoint. Only read.
    experts,  // one per expert in the checkpoint, stacked in the file
    // gate and up of all experts: [experts, in, 2 inner] in the checkpoint, in turns; two stacks
    // [experts, inner, in] in the file. The bias likewise without `in`.
    gate_up_in_turns,
    bias_in_turns,
    experts_transposed,  // [experts, in, out] in the checkpoint, [experts, out, in] in the file
    positions,           // the checkpoint's table begins with rows that no position uses (RoBERTa)
};

// What the moves need to know of the network.
struct GgufSizes {
    int64_t heads = 1, kv_heads = 1;
    int64_t unused_positions = 0;
};

// The checkpoint's tensor from those of the file, in the row's order.
at::Tensor to_checkpoint(GgufMove move, const std::vector<at::Tensor>& parts,
                         const GgufSizes& sizes);
// The file's tensors from the checkpoint's (one, or one per expert): as many as the row names.
// Error: a move that is only read.
std::vector<at::Tensor> to_gguf(GgufMove move, const std::vector<at::Tensor>& tensors,
                                const GgufSizes& sizes);

}  // namespace moonlet
