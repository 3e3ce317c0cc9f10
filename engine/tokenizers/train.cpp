// SPDX-License-Identifier: Apache-2.0
// The options of training, what all kinds share, and the way from a kind's name to its trainer.
#include "tokenizers/train.h"

#include <algorithm>

#include "core/error.h"
#include "tokenizers/unicode.h"

namespace moonlet {

const OptionTable& TrainOptions::rows() {
    static const OptionTable table = {
        {"vocab_size", "integer", "30000", "tokens in all, with special tokens and the 256 bytes"},
        {"min_frequency", "integer", "2", "a pair (or character) seen less often gets no token"},
        {"special_tokens", "string[]", "{}", "tokens that get the first ids, in this order"},
        {"kind", "\"bpe\"|\"char\"", "\"bpe\"",
         "bpe: byte-level BPE, words cut as GPT-2 does; char: one token a character"},
    };
    return table;
}

TrainOptions TrainOptions::from_json(const Json& options) {
    check_options(options, rows(), "tokenizers.train");
    TrainOptions o;
    read_option(options, "vocab_size", o.vocab_size);
    read_option(options, "min_frequency", o.min_frequency);
    read_option(options, "special_tokens", o.special_tokens);
    read_option(options, "kind", o.kind);
    return o;
}

void check_special_tokens(const TrainOptions& o) {
    for (size_t i = 0; i < o.special_tokens.size(); ++i) {
        auto& token = o.special_tokens[i];
        auto begin = o.special_tokens.begin();
        if (token.empty() || !unicode::valid(token))
            throw Error("special token " + std::to_string(i + 1) + " is " + quote(token),
                        "a text that is not empty");
        if (std::find(begin, begin + static_cast<std::ptrdiff_t>(i), token) !=
            begin + static_cast<std::ptrdiff_t>(i))
            throw Error("special token " + quote(token) + " is given twice");
    }
}

Json added_tokens(const TrainOptions& options) {
    Json added = Json::array();
    for (size_t i = 0; i < options.special_tokens.size(); ++i)
        added.push_back({{"id", i},
                         {"content", options.special_tokens[i]},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", true}});
    return added;
}

std::shared_ptr<Tokenizer> train_tokenizer(const std::function<bool(std::string&)>& next_text,
                                           const TrainOptions& options) {
    if (options.kind == "bpe") return train_bpe(next_text, options);
    if (options.kind == "char") return train_char(next_text, options);
    throw Error("kind is " + quote(options.kind), "\"bpe\" or \"char\"");
}

}  // namespace moonlet
