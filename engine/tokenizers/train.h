// SPDX-License-Identifier: Apache-2.0
// Training of byte-level BPE: equal to Hugging Face's BpeTrainer with a ByteLevel pre-tokenizer and
// its 256-symbol alphabet, down to the order of the merges. Knows nothing of where the text is
// from.
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

// Calls next_text until it returns false; each text is one document (no merge across documents).
// Reports progress per document and per merge; Interrupted when Ctrl-C was pressed. Error:
// vocab_size below 256 + special tokens, an unknown kind, an empty or repeated special token.
std::shared_ptr<Tokenizer> train_bpe(const std::function<bool(std::string&)>& next_text,
                                     const TrainOptions& options);

}  // namespace moonlet
