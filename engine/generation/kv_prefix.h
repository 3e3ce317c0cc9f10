// SPDX-License-Identifier: Apache-2.0
// The beginning of a text as a file: its ids, keys and values, so that a long system prompt or a
// document is read once and not at every start. Safetensors: "ids" int32 [tokens], and for every
// layer "layers.N.keys" and ".values" [num_key_value_heads, tokens, head_dim] as they are stored
// (int8 beside "layers.N.key_scales" and ".value_scales", f32 [num_key_value_heads, tokens]); its
// metadata holds "format" = "moonlet prefix 1", "weights", a hash of the numbers of all weights,
// and "regime", of the rotary angles (Model::regime).
#pragma once

#include <string>
#include <vector>

#include "generation/language_model.h"

namespace moonlet {

// Reads the text, as far as whole blocks go (kv_store.h), and writes it, atomically; how many
// tokens that were. Interruptible, tells of its progress. Error: a text shorter than the first
// block, as Context::read.
size_t save_prefix(LanguageModel& model, const std::string& path, const std::vector<int>& ids);
// Puts what a file holds among the texts that the model has read; how many tokens. Error: no such
// file, other weights, keys and values of another kind or shape.
size_t load_prefix(LanguageModel& model, const std::string& path);

}  // namespace moonlet
