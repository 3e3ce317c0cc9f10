// SPDX-License-Identifier: Apache-2.0
// sentencepiece's model: pieces with scores, and rules for white space. Its file, tokenizer.model,
// is a protocol buffer (ModelProto of sentencepiece_model.proto): field 1 the pieces, 2 the
// trainer's settings, 3 the normalizer's. Also what a GGUF vocabulary of the models llama and t5
// is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace moonlet {

// The file's numbers, which are also those of tokenizer.ggml.token_type.
enum class PieceType : int8_t {
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
};

struct SentencePieces {
    enum class Model { unigram = 1, bpe = 2, word = 3, character = 4 };
    Model model = Model::unigram;
    std::vector<std::string> pieces;  // by id
    std::vector<float> scores;        // as many
    std::vector<PieceType> types;     // as many
    int unknown = 0;                  // -1: none
    std::string unknown_surface;      // what it reads as; "": its own name
    std::string charsmap;             // normalization rules; "": none
    bool dummy_prefix = true, remove_extra_spaces = true, space_is_suffix = false;
    // User-defined symbols are found where they stand in the normalized text, so that no space
    // comes before what follows them; else they are added tokens.
    bool symbols_inside = false;
    bool single_precision = false;  // sums of scores in floats, as sentencepiece has them
};

// The model that the bytes of a tokenizer.model hold. Error: they are none; pieces without text.
SentencePieces read_sentencepiece(std::string_view bytes, const std::string& what);

// Everything of a tokenizer.json but added tokens and post-processor. Some fields are ours and
// passed over by Hugging Face's library, which then differs in rare texts: merge_ranks of BPE
// (merges of equal score) and whole (user-defined symbols), hidden of Unigram (pieces that are no
// text) and single_precision, longest and keep of Precompiled.
Json sentencepiece_json(const SentencePieces& given);

// The whole tokenizer.json: control symbols are special tokens, and none are added to a text.
Json tokenizer_json_from_sentencepiece(std::string_view bytes, const std::string& what);

}  // namespace moonlet
