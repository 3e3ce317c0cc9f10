// SPDX-License-Identifier: Apache-2.0
// Training of tokenizers. bpe: byte-level BPE, equal to Hugging Face's BpeTrainer with a ByteLevel
// pre-tokenizer and its 256-symbol alphabet, down to the order of the merges. char: every character
// a token, as a WordLevel tokenizer.json. Knows nothing of where the text is from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

struct TrainOptions {
    int vocab_size = 30000;                   // special tokens and the 256 bytes included
    int min_frequency = 2;                    // a pair rarer than this is not merged
    std::vector<std::string> special_tokens;  // get the ids 0, 1, ... in this order
    std::string kind = "bpe";

    static const OptionTable& rows();
    static TrainOptions from_json(const Json& options);  // Error: unknown name or bad value
};

// By options.kind, which is "bpe" or "char". Error: another kind; else as the two below.
std::shared_ptr<Tokenizer> train_tokenizer(const std::function<bool(std::string&)>& next_text,
                                           const TrainOptions& options);

// Calls next_text until it returns false; each text is one document (no merge across documents).
// Reports progress per document and per merge; Interrupted when Ctrl-C was pressed. Error:
// vocab_size below 256 + special tokens, an unknown kind, an empty or repeated special token.
std::shared_ptr<Tokenizer> train_bpe(const std::function<bool(std::string&)>& next_text,
                                     const TrainOptions& options);
// The same with the most frequent characters (of equals the lower code point first), NFC, after the
// special tokens and "<unk>", which stands for every other one. "<s>" and "</s>" among the special
// tokens stand around every text. Error: vocab_size with no room.
std::shared_ptr<Tokenizer> train_char(const std::function<bool(std::string&)>& next_text,
                                      const TrainOptions& options);

// What the kinds share. Error: an empty or repeated special token.
void check_special_tokens(const TrainOptions& options);
Json added_tokens(const TrainOptions& options);  // for tokenizer.json

}  // namespace moonlet
