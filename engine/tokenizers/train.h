// SPDX-License-Identifier: Apache-2.0
// Training of tokenizers, each kind equal to Hugging Face's trainer of that name wherever that one
// gives the same result twice (where it breaks ties by chance, ours goes by order of appearance or
// by code point). What comes out is a tokenizer.json that others load. Knows nothing of where the
// text is from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/train_words.h"

namespace moonlet {

struct TrainOptions {
    int vocab_size = 30000;                   // special tokens and the alphabet included
    int min_frequency = 2;                    // what is rarer gets no token
    std::vector<std::string> special_tokens;  // get the ids 0, 1, ... in this order
    std::string kind = "bpe";
    std::string unk_token;       // "": the kind's own, for bpe none
    bool byte_fallback = false;  // bpe: unknown characters as <0xNN>
    std::vector<std::string> initial_alphabet;
    int limit_alphabet = 0;  // 0: every character seen
    std::string continuing_subword_prefix;
    std::string end_of_word_suffix;
    int max_token_length = 0;        // in characters; 0: any
    double shrinking_factor = 0.75;  // unigram: kept by a round of pruning
    int n_sub_iterations = 2;        // unigram: rounds of EM between prunings
    int max_piece_length = 16;       // unigram: characters
    int seed_size = 1000000;         // unigram: candidates to begin with
    // Parts as in tokenizer.json; absent (discarded): the kind's own.
    Json normalizer = Json(Json::value_t::discarded), pre_tokenizer = normalizer,
         post_processor = normalizer, decoder = normalizer;

    static const OptionTable& rows();
    static TrainOptions from_json(const Json& options);  // Error: unknown name or bad value
};

// By options.kind. Calls next_text until it returns false; each text is one document. Reports
// progress; Interrupted when Ctrl-C was pressed. Error: another kind; an empty or repeated special
// token; a vocab_size with no room.
std::shared_ptr<Tokenizer> train_tokenizer(const std::function<bool(std::string&)>& next_text,
                                           const TrainOptions& options);

// A WordLevel tokenizer of the most frequent characters (of equals the lower code point first),
// NFC, after the special tokens and "<unk>", which stands for every other one. "<s>" and "</s>"
// among the special tokens stand around every text. Error: vocab_size with no room.
std::shared_ptr<Tokenizer> train_char(const std::function<bool(std::string&)>& next_text,
                                      const TrainOptions& options);

// The models, from the words: the "model" of a tokenizer.json.
Json train_bpe_model(const WordCounts& words, const TrainOptions& options);
Json train_wordpiece_model(const WordCounts& words, const TrainOptions& options);
Json train_wordlevel_model(const WordCounts& words, const TrainOptions& options);
Json train_unigram_model(const WordCounts& words, const TrainOptions& options);

Json added_tokens(const TrainOptions& options);  // for tokenizer.json

}  // namespace moonlet
