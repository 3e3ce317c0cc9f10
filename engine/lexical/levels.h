// SPDX-License-Identifier: Apache-2.0
// What recursive and sentence splitting share: a text is cut at the first level that occurs in it,
// pieces that are still too long at the next one, and neighbours are packed again up to the size.
// The same chunks, in the same order, as langchain's RecursiveCharacterTextSplitter
// (keep_separator=True, strip_whitespace=True) for levels that are strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lexical/splitter.h"

namespace moonlet::lexical {

struct Level {
    std::string separator;   // "" = every character
    bool sentences = false;  // the ends of sentences, instead
};

// Appends the chunks of text[begin, end).
void split_levels(std::string_view text, size_t begin, size_t end, const std::vector<Level>& levels,
                  size_t size, size_t overlap, std::vector<Chunk>& chunks);

}  // namespace moonlet::lexical
