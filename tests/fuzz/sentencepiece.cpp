// SPDX-License-Identifier: Apache-2.0
// sentencepiece's .model: a tokenizer is made, and text goes there and back.
#include "tokenizers/sentencepiece.h"

#include "support/target.h"
#include "support/there_and_back.h"

namespace {

using namespace moonlet;

void run(std::string_view input) {
    const Json made = tokenizer_json_from_sentencepiece(input, "the input");
    fuzz::there_and_back(*Tokenizer::from_json(made, "the input"));
}

const bool registered = fuzz::add("sentencepiece", run, size_t(4) << 20);

}  // namespace
