// SPDX-License-Identifier: Apache-2.0
// The tokenizer.ggml.* entries of a GGUF file, checked, before any model makes sense of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "tokenizers/json_parts.h"
#include "tokenizers/sentencepiece.h"

namespace moonlet {

using GgufTokenType = PieceType;

struct GgufTokens {
    const Gguf* file;
    std::string model, pre;
    std::vector<std::string> tokens;   // by id; valid UTF-8, none empty
    std::vector<GgufTokenType> types;  // as many
    std::vector<float> scores;         // as many, or none
    int bos = -1, eos = -1, unknown = -1, separator = -1, cls = -1;

    explicit GgufTokens(const Gguf& gguf);
    // A flag of the file, else `fallback`.
    bool flag(const char* key, bool fallback) const;
    bool has(const char* key) const;

    // {"token": id, …}
    Json vocabulary() const;
    // The tokens that are looked for in the text before the model sees it.
    Json added_tokens() const;
    // BOS before and EOS behind every text, as add_bos_token and add_eos_token say, else as given.
    Json bos_and_eos(bool add_bos, bool add_eos) const;
    std::pair<std::string, int> named(int id) const;

  private:
    int id(const char* key, int fallback) const;
};

// The models; each makes a whole tokenizer.json.
Json gguf_bpe(const GgufTokens& given);
Json gguf_spm(const GgufTokens& given);
Json gguf_wordpiece(const GgufTokens& given);
Json gguf_unigram(const GgufTokens& given);

}  // namespace moonlet
