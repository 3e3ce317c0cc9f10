// SPDX-License-Identifier: Apache-2.0
// Pieces of a tokenizer.json, as the readers of other files (GGUF, tiktoken, sentencepiece) write
// them. Every reader makes a whole tokenizer.json and Tokenizer::from_json builds it: one pipeline
// for all of them, and saving is the export.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"

namespace moonlet::json_parts {

// Appends to an object or array without looking for the key: a vocabulary has 200,000 of them.
void put(Json& object, std::string key, Json value);
void put(Json& array, Json value);

Json sequence(const char* field, Json parts);  // of "normalizers", "pretokenizers", "decoders", …
Json split(const std::string& regex, const char* behavior = "Isolated");
Json byte_level(bool use_regex);
Json digits(bool individual);
Json replace(const std::string& text, const std::string& content);  // every such text
Json replace_regex(const std::string& regex, const std::string& content);

// One entry of "added_tokens".
Json added_token(int id, std::string_view content, bool special);

// A TemplateProcessing around one text or two: tokens before and behind it (spelling, id).
using Tokens = std::vector<std::pair<std::string, int>>;
Json around(const Tokens& before, const Tokens& behind);
// BERT's: [CLS] A [SEP] B [SEP].
Json bert(const std::pair<std::string, int>& cls, const std::pair<std::string, int>& sep);

// A merge of a "merges" list: "left right", or [left, right] where one of them has a space.
Json merge(std::string left, std::string right);

// {"type": "BPE", ...} with an empty vocabulary and no merges.
Json bpe();
// Bytes of standard base64 with its padding. False: it is none.
bool base64_bytes(std::string_view text, std::string& bytes);
std::string base64(std::string_view bytes);

// {"version": "1.0", ...}, every part null.
Json tokenizer();

}  // namespace moonlet::json_parts
