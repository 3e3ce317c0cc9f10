// SPDX-License-Identifier: Apache-2.0
// The models of tokenizer.ggml.model as parts of a tokenizer.json.
#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/derive_merges.h"
#include "tokenizers/gguf_pre_types.h"
#include "tokenizers/gguf_tokens.h"

namespace moonlet {

namespace {

namespace parts = json_parts;
using Type = GgufTokenType;

constexpr const char* kMark = "▁";

Json start(const GgufTokens& given) {
    Json json = parts::tokenizer();
    json["added_tokens"] = given.added_tokens();
    return json;
}

// "left right"; a token may hold spaces, the left one not at its beginning.
Json written_merge(std::string_view line, size_t n) {
    size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size())
        throw Error("tokenizer.ggml.merges[" + std::to_string(n) + "] is " + quote(line),
                    "\"left right\"");
    return parts::merge(std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
}

Json merges_by_rank(const GgufTokens& given, const std::vector<uint32_t>& ranks, bool characters) {
    std::vector<std::string_view> views(given.tokens.begin(), given.tokens.end());
    Json merges = Json::array();
    for (const DerivedMerge& m : derive_merges(views, ranks, characters)) {
        std::string_view token = views[m.token];
        parts::put(merges, parts::merge(std::string(token.substr(0, m.cut)),
                                        std::string(token.substr(m.cut))));
    }
    return merges;
}

// What sentencepiece's pieces are turned back into text by.
Json piece_decoder(bool bytes, bool prefix) {
    Json steps = {parts::replace(kMark, " ")};
    if (bytes) steps.push_back({{"type", "ByteFallback"}});
    steps.push_back({{"type", "Fuse"}});
    if (prefix) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    return parts::sequence("decoders", std::move(steps));
}

bool has_bytes(const GgufTokens& given) {
    return std::find(given.types.begin(), given.types.end(), Type::byte) != given.types.end();
}

// The pieces of the models llama and t5, with the rules for spaces that GGUF gives.
SentencePieces pieces_of(const GgufTokens& given, SentencePieces::Model model) {
    SentencePieces pieces;
    pieces.model = model;
    pieces.pieces = given.tokens;
    pieces.types = given.types;
    pieces.scores = given.scores;
    pieces.scores.resize(given.tokens.size(), 0.0f);
    pieces.unknown = given.unknown;
    pieces.remove_extra_spaces = false;
    pieces.dummy_prefix = given.flag("add_space_prefix", model == SentencePieces::Model::bpe);
    return pieces;
}

Json with_pieces(const GgufTokens& given, const SentencePieces& pieces) {
    Json json = sentencepiece_json(pieces);
    json["added_tokens"] = given.added_tokens();
    return json;
}

}  // namespace

Json gguf_bpe(const GgufTokens& given) {
    const GgufPreType& pre = gguf_pre_type(given.model == "gemma4" ? "gemma4" : given.pre);
    Json json = start(given);
    Json model = parts::bpe();
    model["ignore_merges"] = pre.ignore_merges;
    model["vocab"] = given.vocabulary();
    if (auto* list = given.file->find("tokenizer.ggml.merges")) {
        Json& merges = model["merges"];
        merges.get_ref<Json::array_t&>().reserve(list->count());
        size_t n = 0;
        list->each_string(
            [&](std::string_view line) { parts::put(merges, written_merge(line, n++)); });
    } else {  // an id is a rank, as in the rank files such vocabularies come from
        std::vector<uint32_t> ranks(given.tokens.size(), kTakesNoPart);
        for (size_t i = 0; i < ranks.size(); ++i)
            if (given.types[i] == Type::normal) ranks[i] = static_cast<uint32_t>(i);
        model["merges"] = merges_by_rank(given, ranks, true);
        model["ignore_merges"] = true;
    }
    if (pre.pre_tokenizer.is_null()) {
        model["byte_fallback"] = has_bytes(given);
        model["fuse_unk"] = true;
        if (given.unknown >= 0) model["unk_token"] = given.named(given.unknown).first;
        json["normalizer"] = parts::replace(" ", kMark);
        json["decoder"] = piece_decoder(has_bytes(given), false);
    } else {
        if (pre.form) json["normalizer"] = {{"type", pre.form}};
        json["pre_tokenizer"] = pre.pre_tokenizer;
        json["decoder"] = parts::byte_level(true);
    }
    if (pre.bert && given.cls >= 0 && given.separator >= 0) {
        auto cls = given.named(given.cls), sep = given.named(given.separator);
        json["post_processor"] = {{"type", "RobertaProcessing"},
                                  {"sep", Json::array({sep.first, sep.second})},
                                  {"cls", Json::array({cls.first, cls.second})},
                                  {"trim_offsets", true},
                                  {"add_prefix_space", false}};
    } else {
        json["post_processor"] = given.bos_and_eos(pre.add_bos, false);
    }
    json["model"] = std::move(model);
    return json;
}

// llama.cpp knows no rule but the space in front here.
Json gguf_spm(const GgufTokens& given) {
    Json json = with_pieces(given, pieces_of(given, SentencePieces::Model::bpe));
    json["post_processor"] = given.bos_and_eos(true, false);
    return json;
}

// The converter writes "word" as "▁word" and "##part" as "part"; [CLS] and its like stay.
Json gguf_wordpiece(const GgufTokens& given) {
    Json json = start(given);
    Json vocab = Json::object();
    for (size_t i = 0; i < given.tokens.size(); ++i) {
        const std::string& token = given.tokens[i];
        bool word = token.compare(0, 3, kMark) == 0;
        bool whole = given.types[i] == Type::control || given.types[i] == Type::unknown ||
                     given.types[i] == Type::user_defined ||
                     (token.size() > 2 && token.front() == '[' && token.back() == ']');
        parts::put(vocab,
                   word    ? token.substr(3)
                   : whole ? token
                           : "##" + token,
                   static_cast<int>(i));
    }
    bool lower = given.flag("normalizer.lowercase", true);
    json["normalizer"] = {{"type", "BertNormalizer"},
                          {"clean_text", true},
                          {"handle_chinese_chars", true},
                          {"strip_accents", given.flag("normalizer.strip_accents", lower)},
                          {"lowercase", lower}};
    json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
    json["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
    if (given.cls >= 0 && given.separator >= 0)
        json["post_processor"] = parts::bert(given.named(given.cls), given.named(given.separator));
    json["model"] = {{"type", "WordPiece"},
                     {"unk_token", given.unknown >= 0 ? given.named(given.unknown).first : "[UNK]"},
                     {"continuing_subword_prefix", "##"},
                     {"max_input_chars_per_word", 100},
                     {"vocab", std::move(vocab)}};
    return json;
}

Json gguf_unigram(const GgufTokens& given) {
    SentencePieces pieces = pieces_of(given, SentencePieces::Model::unigram);
    pieces.remove_extra_spaces = given.flag("remove_extra_whitespaces", false);
    if (auto* map = given.file->find("tokenizer.ggml.precompiled_charsmap"))
        pieces.charsmap = std::string(map->bytes());
    Json json = with_pieces(given, pieces);
    json["post_processor"] = given.bos_and_eos(false, true);
    return json;
}

}  // namespace moonlet
