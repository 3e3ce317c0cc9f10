// SPDX-License-Identifier: Apache-2.0
// From logits to one id, in Hugging Face's order: repetition penalty over prompt and output, then
// temperature, top_k (keeps ties with the k-th), top_p (smallest set with mass >= top_p), min_p
// (relative to the most likely), then one draw. temperature 0 takes the most likely id, the lowest
// among equals (top_p too takes lower ids first). Error where logits are NaN or infinite. Sources:
// transformers' LogitsProcessor definitions; min_p: Nguyen et al. 2024.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "core/random.h"

namespace moonlet {

struct SamplerOptions {
    double temperature = 0;
    int top_k = 0;
    double top_p = 1.0, min_p = 0.0, repetition_penalty = 1.0;
};

// Error: a value out of its range (temperature and top_k >= 0, top_p and min_p in [0, 1], penalty >
// 0).
void check_sampler(const SamplerOptions& options);

// In place on f32 logits [vocab]: penalty for every id in `seen` (x < 0 ? x * r : x / r, once
// each).
void apply_repetition_penalty(at::Tensor& logits, const std::vector<int>& seen, double penalty);
// The distribution a draw is taken from, f32 [vocab], filtered entries 0, sum 1.
at::Tensor filtered_probabilities(const at::Tensor& logits, const SamplerOptions& options);
// One id of a distribution, by one number of `random`.
int draw(const at::Tensor& probabilities, Random& random);
// One id. Greedy never touches `random`.
int sample(const at::Tensor& logits, const SamplerOptions& options, Random& random);

}  // namespace moonlet
