// SPDX-License-Identifier: Apache-2.0
// tokenizer.json: a tokenizer is made, and where that works, text goes there and back.
#include "support/target.h"
#include "support/there_and_back.h"

namespace {

using namespace moonlet;

void run(std::string_view input) {
    fuzz::there_and_back(*Tokenizer::from_json(parse_json(input, "the input"), "the input"));
}

const bool registered = fuzz::add("tokenizer", run, size_t(4) << 20);

}  // namespace
