// SPDX-License-Identifier: Apache-2.0
// Looking into a network while it reads a text: the state of every token after every layer, what a
// head looks at, where a router sends tokens. The text is read in one plain forward call, without
// the kept context; nothing of the model changes. Layers count from 1. All f32 on the CPU.
// Errors: no ids, more than the context holds, an id or a layer that is not there.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "generation/language_model.h"

namespace moonlet {

// [layers + 1, tokens, hidden_size]: first what the first block is given (the embeddings), then
// what each next one is given, last the states after the final norm; transformers'
// output_hidden_states.
at::Tensor hidden_states(LanguageModel& model, const std::vector<int>& ids);

// [heads, tokens, tokens]: how much each token (row) looks at each other one, in one layer; rows
// sum to 1, less where the family has attention sinks. transformers' output_attentions. Error: a
// family without attention.
at::Tensor attention_weights(LanguageModel& model, const std::vector<int>& ids, int64_t layer);

// Where a mixture of experts sends tokens: of each routed layer the experts of each token, numbered
// from 0 as in the checkpoint, the most wanted first, and their weights, both [tokens, k].
struct Route {
    at::Tensor experts, weights;  // int64, f32
};
// Error: a family that has no router.
std::vector<Route> routes(LanguageModel& model, const std::vector<int>& ids);

}  // namespace moonlet
