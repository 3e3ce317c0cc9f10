// SPDX-License-Identifier: Apache-2.0
#include "models/gguf_moves.h"

#include "core/error.h"

namespace moonlet {

namespace {

int64_t divided(int64_t rows, int64_t by) {
    if (by < 1 || rows % by != 0)
        throw Error(
            "a tensor of " + std::to_string(rows) + " rows for " + std::to_string(by) + " heads",
            "a whole number of rows for each");
    return rows / by;
}

// Rows in the order (head, half, d) as a view; `swapped`: given in the order (head, d, half).
at::Tensor rotary(const at::Tensor& x, int64_t heads, bool from_file) {
    const int64_t half = divided(x.size(0), 2 * heads);
    std::vector<int64_t> split = {heads, from_file ? half : 2, from_file ? 2 : half};
    for (int64_t i = 1; i < x.dim(); ++i) split.push_back(x.size(i));
    return x.reshape(split).transpose(1, 2).reshape(x.sizes());
}

// The q, k or v rows of a fused tensor whose heads are all of one size.
at::Tensor part(const at::Tensor& fused, int which, const GgufSizes& s) {
    const int64_t head = divided(fused.size(0), s.heads + 2 * s.kv_heads);
    const int64_t begin[] = {0, s.heads * head, (s.heads + s.kv_heads) * head};
    return fused.narrow(0, begin[which], (which == 0 ? s.heads : s.kv_heads) * head);
}

at::Tensor qkv(const at::Tensor& x, int64_t heads, bool from_file) {
    const int64_t head = divided(x.size(0), 3 * heads);
    std::vector<int64_t> split = {from_file ? 3 : heads, from_file ? heads : 3, head};
    for (int64_t i = 1; i < x.dim(); ++i) split.push_back(x.size(i));
    return x.reshape(split).transpose(0, 1).reshape(x.sizes());
}

}  // namespace

at::Tensor to_checkpoint(GgufMove move, const std::vector<at::Tensor>& parts, const GgufSizes& s) {
    const at::Tensor& x = parts.at(0);
    switch (move) {
        case GgufMove::same:
        case GgufMove::experts: return x;
        case GgufMove::rotary_q: return rotary(x, s.heads, true);
        case GgufMove::rotary_k: return rotary(x, s.kv_heads, true);
        case GgufMove::plus_one: return x.to(at::kFloat) - 1;
        case GgufMove::transposed: return x.t().contiguous();
        case GgufMove::qkv_by_head: return qkv(x, s.heads, true);
        case GgufMove::part_q: return part(x, 0, s);
        case GgufMove::part_k: return part(x, 1, s);
        case GgufMove::part_v: return part(x, 2, s);
        case GgufMove::part_q_rotary: return rotary(part(x, 0, s), s.heads, true);
        case GgufMove::part_k_rotary: return rotary(part(x, 1, s), s.kv_heads, true);
        case GgufMove::joined: return at::cat(parts, 0);
        case GgufMove::gate_up_in_turns:
            return at::stack({x, parts.at(1)}, 2).flatten(1, 2).transpose(1, 2).contiguous();
        case GgufMove::bias_in_turns: return at::stack({x, parts.at(1)}, 2).flatten(1, 2);
        case GgufMove::experts_transposed: return x.transpose(1, 2).contiguous();
        case GgufMove::positions:
            return at::cat({at::zeros({s.unused_positions, x.size(1)}, x.options()), x}, 0);
    }
    throw Error("a tensor moved in an unknown way");
}

std::vector<at::Tensor> to_gguf(GgufMove move, const std::vector<at::Tensor>& tensors,
                                const GgufSizes& s) {
    const at::Tensor& x = tensors.at(0);
    switch (move) {
        case GgufMove::same: return {x};
        case GgufMove::experts: return {at::stack(tensors, 0)};
        case GgufMove::rotary_q: return {rotary(x, s.heads, false)};
        case GgufMove::rotary_k: return {rotary(x, s.kv_heads, false)};
        case GgufMove::plus_one: return {x.to(at::kFloat) + 1};
        case GgufMove::transposed: return {x.t()};
        case GgufMove::qkv_by_head: return {qkv(x, s.heads, false)};
        case GgufMove::gate_up_in_turns: {
            at::Tensor turned = x.transpose(1, 2);
            return {turned.slice(1, 0, {}, 2), turned.slice(1, 1, {}, 2)};
        }
        case GgufMove::bias_in_turns: return {x.slice(1, 0, {}, 2), x.slice(1, 1, {}, 2)};
        case GgufMove::experts_transposed: return {x.transpose(1, 2)};
        case GgufMove::positions: return {x.slice(0, s.unused_positions)};
        default: throw Error("a tensor that is only read in this form");
    }
}

}  // namespace moonlet
