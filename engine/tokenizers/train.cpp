// SPDX-License-Identifier: Apache-2.0
// The options of training, what all kinds share, and the way from a kind's name to its trainer.
#include "tokenizers/train.h"

#include <algorithm>

#include "core/error.h"
#include "tokenizers/unicode.h"

namespace moonlet {

const OptionTable& TrainOptions::rows() {
    static const OptionTable table = {
        {"vocab_size", "integer", "30000", "tokens in all, with special tokens and the alphabet"},
        {"min_frequency", "integer", "2",
         "what is seen less often gets no token (unigram: unused)"},
        {"special_tokens", "string[]", "",
         "tokens that get the first ids, in this order; without: those of the kind, for bpe none"},
        {"kind", "\"bpe\"|\"unigram\"|\"wordpiece\"|\"wordlevel\"|\"char\"", "\"bpe\"",
         "bpe: byte-level unless pre_tokenizer says otherwise; char: one token a character"},
        {"normalizer", "table|string|boolean", "",
         "as in tokenizer.json, or a kind's name; false: none; without: the kind's own"},
        {"pre_tokenizer", "table|string|boolean", "", "how texts are cut into words; likewise"},
        {"post_processor", "table|string|boolean", "", "likewise"},
        {"decoder", "table|string|boolean", "", "likewise"},
        {"unk_token", "string", "", "stands for what no token does; without: the kind's own"},
        {"byte_fallback", "boolean", "false",
         "bpe, unigram: unknown characters as their bytes, <0x00> … <0xFF>"},
        {"initial_alphabet", "string[]", "{}", "characters that get a token in any case"},
        {"limit_alphabet", "integer", "0", "bpe, wordpiece: the most frequent characters; 0: all"},
        {"continuing_subword_prefix", "string", "", "written before word parts but the first"},
        {"end_of_word_suffix", "string", "", "written behind the last part of a word"},
        {"max_token_length", "integer", "0", "bpe, wordpiece: characters of a token; 0: any"},
        {"shrinking_factor", "number", "0.75", "unigram: share that a pruning keeps"},
        {"n_sub_iterations", "integer", "2", "unigram: rounds of EM before a pruning"},
        {"max_piece_length", "integer", "16", "unigram: characters of a token"},
        {"seed_size", "integer", "1000000", "unigram: candidates to begin with"},
    };
    return table;
}

namespace {

// A part given as a table, as a kind's name, or as false for none.
void read_part(const Json& options, const char* name, Json& out) {
    auto it = options.find(name);
    if (it == options.end() || it->is_null()) return;
    if (it->is_string()) {
        out = {{"type", *it}};
        if (*it == "ByteLevel")
            out.update({{"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}});
        if (*it == "Metaspace")
            out.update({{"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", true}});
    } else if (it->is_boolean()) {
        if (*it == true) throw Error(std::string(name) + " is true", "a kind, a table or false");
        out = nullptr;
    } else {
        out = *it;
    }
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

const Json kByteLevel = {{"type", "ByteLevel"},
                         {"add_prefix_space", false},
                         {"trim_offsets", true},
                         {"use_regex", true}};
const Json kMetaspace = {
    {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", true}};

// What a kind takes where the options name nothing.
struct Kind {
    const char* name;
    Json (*model)(const WordCounts&, const TrainOptions&);
    Json normalizer, pre_tokenizer, decoder;
    const char* unknown;
    std::vector<std::string> special;
};

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {"bpe", train_bpe_model, nullptr, kByteLevel, kByteLevel, "", {}},
        {"unigram",
         train_unigram_model,
         {{"type", "Sequence"},
          {"normalizers",
           {{{"type", "Nmt"}},
            {{"type", "NFKC"}},
            {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}}}}},
         kMetaspace,
         kMetaspace,
         "<unk>",
         {"<unk>"}},
        {"wordpiece",
         train_wordpiece_model,
         {{"type", "BertNormalizer"},
          {"clean_text", true},
          {"handle_chinese_chars", true},
          {"strip_accents", nullptr},
          {"lowercase", true}},
         {{"type", "BertPreTokenizer"}},
         {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}},
         "[UNK]",
         {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}},
        {"wordlevel",
         train_wordlevel_model,
         nullptr,
         {{"type", "Whitespace"}},
         nullptr,
         "<unk>",
         {"<unk>"}}};
    return all;
}

}  // namespace

TrainOptions TrainOptions::from_json(const Json& options) {
    check_options(options, rows(), "tokenizers.train");
    TrainOptions o;
    read_option(options, "kind", o.kind);
    for (const Kind& kind : kinds()) {
        if (o.kind != kind.name) continue;
        o.unk_token = kind.unknown;
        o.special_tokens = kind.special;
        if (o.kind == "wordpiece") o.continuing_subword_prefix = "##";
    }
    read_option(options, "vocab_size", o.vocab_size);
    read_option(options, "min_frequency", o.min_frequency);
    read_option(options, "special_tokens", o.special_tokens);
    read_option(options, "unk_token", o.unk_token);
    read_option(options, "byte_fallback", o.byte_fallback);
    read_option(options, "initial_alphabet", o.initial_alphabet);
    read_option(options, "limit_alphabet", o.limit_alphabet);
    read_option(options, "continuing_subword_prefix", o.continuing_subword_prefix);
    read_option(options, "end_of_word_suffix", o.end_of_word_suffix);
    read_option(options, "max_token_length", o.max_token_length);
    read_option(options, "shrinking_factor", o.shrinking_factor);
    read_option(options, "n_sub_iterations", o.n_sub_iterations);
    read_option(options, "max_piece_length", o.max_piece_length);
    read_option(options, "seed_size", o.seed_size);
    read_part(options, "normalizer", o.normalizer);
    read_part(options, "pre_tokenizer", o.pre_tokenizer);
    read_part(options, "post_processor", o.post_processor);
    read_part(options, "decoder", o.decoder);
    return o;
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
                                           const TrainOptions& given) {
    TrainOptions options = given;
    check_special_tokens(options);
    if (options.kind == "char") return train_char(next_text, options);
    for (const Kind& kind : kinds()) {
        if (options.kind != kind.name) continue;
        // An own pre-tokenizer without a decoder: that of the same name where there is one.
        bool cut = !options.pre_tokenizer.is_discarded();
        auto choose = [](Json& part, const Json& own) {
            if (part.is_discarded()) part = own;
        };
        if (cut && options.decoder.is_discarded()) {
            std::string type =
                options.pre_tokenizer.is_object() ? options.pre_tokenizer.value("type", "") : "";
            if (type == "ByteLevel") options.decoder = kByteLevel;
            else if (type == "Metaspace") options.decoder = options.pre_tokenizer;
            else if (kind.decoder == kByteLevel || kind.decoder == kMetaspace)
                options.decoder = nullptr;
        }
        choose(options.normalizer, kind.normalizer);
        choose(options.pre_tokenizer, kind.pre_tokenizer);
        choose(options.decoder, kind.decoder);
        choose(options.post_processor, nullptr);
        WordCounts words = count_words(next_text, options.normalizer, options.pre_tokenizer);
        return Tokenizer::from_json({{"version", "1.0"},
                                     {"truncation", nullptr},
                                     {"padding", nullptr},
                                     {"added_tokens", added_tokens(options)},
                                     {"normalizer", options.normalizer},
                                     {"pre_tokenizer", options.pre_tokenizer},
                                     {"post_processor", options.post_processor},
                                     {"decoder", options.decoder},
                                     {"model", kind.model(words, options)}},
                                    "the trained tokenizer");
    }
    throw Error("kind is " + quote(options.kind),
                "\"bpe\", \"unigram\", \"wordpiece\", \"wordlevel\" or \"char\"");
}

}  // namespace moonlet
