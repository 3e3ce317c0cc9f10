// SPDX-License-Identifier: Apache-2.0
// OpenAI's tiktoken: a rank file is lines of "base64-of-the-token rank". It says neither how a
// text is cut into words nor which special tokens there are: that is the encoding's, a name.
// Mistral's tekken.json is the same ranks as JSON, with its own pattern and special tokens.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"

namespace moonlet {

// What a public encoding adds to the ranks.
struct TiktokenEncoding {
    std::string name;
    std::string pattern;  // Oniguruma's syntax
    size_t ranks;         // tokens of the public file, to guess by
    // Special tokens and their ids, for a file with as many ranks.
    std::function<std::vector<std::pair<std::string, int>>(size_t ranks)> special;
    const char* begin = nullptr;  // the special token that encoding puts first
    const char* form = nullptr;   // "NFC": what the text is brought into first
};
const std::vector<TiktokenEncoding>& tiktoken_encodings();

// True when the bytes begin like a rank file.
bool is_rank_file(std::string_view bytes);

// A tokenizer.json of a rank file. `encoding` "" is guessed from the name in `path` or from how
// many ranks there are. Error: not such a file (which line), a byte without a token, an encoding
// that is unknown or cannot be guessed.
Json tokenizer_json_from_tiktoken(std::string_view bytes, const std::string& path,
                                  const std::string& encoding);

// True for the JSON of a tekken.json.
bool is_tekken(const Json& json);
Json tokenizer_json_from_tekken(const Json& tekken, const std::string& what);

}  // namespace moonlet
