// SPDX-License-Identifier: Apache-2.0
// Rank files of tiktoken, and tekken.json: a tokenizer is made, and text goes there and back.
#include "tokenizers/tiktoken.h"

#include "support/target.h"
#include "support/there_and_back.h"

namespace {

using namespace moonlet;

void run(std::string_view input) {
    if (!input.empty() && input[0] == '{') {
        const Json json = parse_json(input, "the input");
        if (!is_tekken(json)) return;
        const Json made = tokenizer_json_from_tekken(json, "the input");
        fuzz::there_and_back(*Tokenizer::from_json(made, "the input"));
        return;
    }
    is_rank_file(input);
    const Json made = tokenizer_json_from_tiktoken(input, "the input", "cl100k_base");
    fuzz::there_and_back(*Tokenizer::from_json(made, "the input"));
}

const bool registered = fuzz::add("tiktoken", run, size_t(8) << 20);

}  // namespace
