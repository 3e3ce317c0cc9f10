// SPDX-License-Identifier: Apache-2.0
// by = "token": windows of `size` tokens, each beginning size - overlap tokens behind the one
// before; the last window ends with the text. A span goes from the first byte of its first token to
// the last byte of its last one; pieces of one character name the whole character, so no span cuts
// one.
#include "core/error.h"
#include "core/interrupt.h"
#include "lexical/characters.h"
#include "lexical/splitter.h"

namespace moonlet {

namespace {

std::vector<Chunk> split_token(std::string_view text, const SplitOptions& options) {
    if (!options.tokens)
        throw Error("split: by = \"token\" without a tokenizer", "tokenizer = a Tokenizer",
                    "for example tokenizers.load \"demo\", or a model's m.tokenizer");
    std::vector<std::pair<size_t, size_t>> tokens;
    for (auto span : options.tokens(text))
        if (span.first < span.second) tokens.push_back(span);  // not those that were added
    std::vector<Chunk> chunks;
    size_t size = options.size ? options.size : 1, step = size - options.overlap;
    for (size_t first = 0; first < tokens.size(); first += step) {
        interrupt::check();
        size_t last = std::min(first + size, tokens.size());
        Chunk chunk{tokens[first].first, tokens[last - 1].second, {}};
        lexical::strip(text, chunk.begin, chunk.end);
        if (chunk.begin < chunk.end) chunks.push_back(chunk);
        if (last == tokens.size()) break;
    }
    return chunks;
}

const bool registered = Splitters::add("token", split_token);

}  // namespace

}  // namespace moonlet
