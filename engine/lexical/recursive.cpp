// SPDX-License-Identifier: Apache-2.0
// by = "recursive": paragraphs, then lines, then words, then characters, as langchain's
// RecursiveCharacterTextSplitter does with equal settings. `sentences` puts the ends of sentences
// in front of the first separator that is a blank or nothing.
#include "lexical/characters.h"
#include "lexical/levels.h"

namespace moonlet {

namespace {

std::vector<Chunk> split_recursive(std::string_view text, const SplitOptions& options) {
    std::vector<lexical::Level> levels;
    bool sentences = options.sentences;
    for (const std::string& separator : options.separators) {
        if (sentences && (separator == " " || separator.empty())) {
            levels.push_back({"", true});
            sentences = false;
        }
        levels.push_back({separator, false});
    }
    if (sentences) levels.push_back({"", true});
    std::vector<Chunk> chunks;
    if (options.size > 0) {
        lexical::split_levels(text, 0, text.size(), levels, options.size, options.overlap, chunks);
        return chunks;
    }
    for (size_t begin = 0; begin < text.size();) {  // every line alone
        size_t end = std::min(text.find('\n', begin), text.size());
        Chunk chunk{begin, end, {}};
        lexical::strip(text, chunk.begin, chunk.end);
        if (chunk.begin < chunk.end) chunks.push_back(chunk);
        begin = end + 1;
    }
    return chunks;
}

const bool registered = Splitters::add("recursive", split_recursive);

}  // namespace

}  // namespace moonlet
