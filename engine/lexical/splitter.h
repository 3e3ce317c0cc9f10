// SPDX-License-Identifier: Apache-2.0
// Cuts a text into chunks that are read off the text by their spans: text[begin, end) is the chunk,
// always, so that a hit can say where it stands. Nothing is rewritten; white space at the ends of a
// chunk is left out of its span. Kinds (one file each): recursive, sentence, token, markdown. Sizes
// are characters (code points), for `token` tokens. Knows no tokenizer class: `token` is handed a
// function.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/options.h"
#include "core/registry.h"

namespace moonlet {

struct Chunk {
    size_t begin = 0, end = 0;         // bytes of the text, half open
    std::vector<std::string> headers;  // by markdown: the headings above, outermost first
};

// The bytes [begin, end) of each token of a text, in order.
using TokenOffsets = std::function<std::vector<std::pair<size_t, size_t>>(std::string_view)>;

struct SplitOptions {
    std::string by = "sentence";
    size_t size = 400;    // at most, per chunk; 0 = each smallest unit of the kind by itself
    size_t overlap = 50;  // at most, repeated from the chunk before; default an eighth of size
    std::vector<std::string> separators = {"\n\n", "\n", " ", ""};  // recursive: first to last
    bool sentences = false;  // recursive: try the ends of sentences between lines and words
    TokenOffsets tokens;     // of `token`

    static const OptionTable& rows();
    // Error: unknown name, wrong type, an unknown kind, overlap not below size.
    static SplitOptions from_json(const Json& options);
};

// The chunks in the order of the text; an empty or blank text has none. Interruptible.
// Error: by = "token" without a function.
std::vector<Chunk> split_text(std::string_view text, const SplitOptions& options);

// The sentences of a Korean or English text, without the white space between them (sentence.cpp
// says the rules).
std::vector<std::pair<size_t, size_t>> sentence_spans(std::string_view text);

struct SplitterKind {
    static constexpr const char* kKind = "splitter";
};
using SplitFunction = std::vector<Chunk> (*)(std::string_view, const SplitOptions&);
using Splitters = Registry<SplitFunction, SplitterKind>;

}  // namespace moonlet
