// SPDX-License-Identifier: Apache-2.0
// A mixture of experts (Shazeer et al. 2017): a router picks k of E networks for each token, and
// their weighted outputs are summed. Tokens are grouped by expert, so that each expert computes
// once, on its own tokens, and one without tokens not at all. A token's sum runs over its experts
// by their number, so neither the batch it stands in nor the device changes the order of rounding.
// Differentiable in the tokens, the weights and whatever the experts hold.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace moonlet::ops {

struct RouteOptions {
    int64_t top_k = 2;
    // A softmax over all experts, then the k largest (Mixtral, Qwen3), in f32; false: the k largest
    // logits, then a softmax over those, in the logits' dtype (gpt-oss).
    bool softmax_first = true;
    bool normalize = true;   // with softmax_first: the k weights are divided by their sum
    bool keep_wide = false;  // with softmax_first: weights stay f32 where the logits are narrower
};

struct Routes {
    at::Tensor experts;  // int64 [tokens, k], the most wanted first
    at::Tensor weights;  // [tokens, k]
};

// logits [tokens, E]. Tells the Observer of this thread. Error: top_k above E.
Routes route(const at::Tensor& logits, const RouteOptions& options);

// Computes expert `index` on its tokens, [n, hidden] -> [n, hidden], n > 0.
using Expert = std::function<at::Tensor(int64_t index, const at::Tensor& x)>;

// x [tokens, hidden] -> [tokens, hidden] in x's dtype; each weighted output is rounded to it before
// it is added, as transformers does.
at::Tensor experts(const at::Tensor& x, const Routes& routes, int64_t count, const Expert& expert);

// The plain twin: every expert on every token, most of it times zero.
at::Tensor experts_plain(const at::Tensor& x, const Routes& routes, int64_t count,
                         const Expert& expert);

// The gate of gpt-oss's experts: gate and up alternate in x [.., 2 n] -> [.., n];
// (clamp(up, ±limit) + 1) * g * sigmoid(alpha g) with g = min(gate, limit).
at::Tensor clamped_swiglu(const at::Tensor& x, double alpha, double limit);

}  // namespace moonlet::ops
