// SPDX-License-Identifier: Apache-2.0
// What a GGUF file says of a model beside its network: name, vocabulary, the ids that begin and end
// a text, chat templates, decoding defaults, pooling.
#pragma once

#include <vector>

#include "generation/language_model.h"
#include "tokenizers/gguf_vocabulary.h"

namespace moonlet {

// Error: as gguf_vocabulary, for a tokenizer that llama.cpp does not have.
std::vector<GgufEntry> gguf_entries(const LanguageModel& model);

}  // namespace moonlet
