// SPDX-License-Identifier: Apache-2.0
// What `tokenizer.ggml.pre` of a GGUF file stands for. The names are llama.cpp's (llama-vocab.cpp);
// each means the pre-tokenizer of the model it was made for, and the patterns here are those of the
// models' own tokenizer.json, not llama.cpp's approximations of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

struct GgufPreType {
    std::vector<std::string> names;  // the first is the one to write
    Json pre_tokenizer;              // ends in ByteLevel; null: not byte-level, " " is "▁"
    const char* form = nullptr;      // normal form of the model's tokenizer
    bool ignore_merges = false;
    bool add_bos = false;  // where add_bos_token is not there
    bool bert = false;     // <s> A </s> </s> B </s>
};

// Error: unknown name, with the nearest one. "" is "default".
const GgufPreType& gguf_pre_type(const std::string& name);

// The name whose pre-tokenizer cuts as that of this tokenizer.json; nothing where none does.
std::optional<std::string> gguf_pre_type_of(const Json& tokenizer_json);

}  // namespace moonlet
