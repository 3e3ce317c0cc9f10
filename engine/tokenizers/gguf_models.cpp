// SPDX-License-Identifier: Apache-2.0
// The models of tokenizer.ggml.model as parts of a tokenizer.json.
#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "tokenizers/derive_merges.h"
#include "tokenizers/gguf_pre_types.h"
#include "tokenizers/gguf_tokens.h"
#include "tokenizers/byte_level.h"

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
    if (prefix)
        steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    return parts::sequence("decoders", std::move(steps));
}

bool has_bytes(const GgufTokens& given) {
    return std::find(given.types.begin(), given.types.end(), Type::byte) != given.types.end();
}

// Ranks by score, the highest first; equal scores are equal ranks. Takes part: what is text.
std::vector<uint32_t> ranks_by_score(const GgufTokens& given) {
    size_t n = given.tokens.size();
    std::vector<uint32_t> order, ranks(n, kTakesNoPart);
    for (size_t i = 0; i < n; ++i)
        if (given.types[i] == Type::normal || given.types[i] == Type::user_defined ||
            given.types[i] == Type::unused)
            order.push_back(static_cast<uint32_t>(i));
    auto score = [&](uint32_t i) { return given.scores.empty() ? 0.0f : given.scores[i]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return score(a) > score(b); });
    uint32_t rank = 0;
    for (size_t k = 0; k < order.size(); ++k) {
        if (k > 0 && score(order[k]) < score(order[k - 1])) ++rank;
        ranks[order[k]] = rank;
    }
    return ranks;
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

// sentencepiece's BPE: of all neighbours whose joined text is a piece the highest score merges
// first, the leftmost of equals; characters that are no piece become <0xNN>.
Json gguf_spm(const GgufTokens& given) {
    Json json = start(given);
    Json model = parts::bpe();
    model["fuse_unk"] = true;
    model["byte_fallback"] = has_bytes(given);
    if (given.unknown >= 0) model["unk_token"] = given.named(given.unknown).first;
    model["vocab"] = given.vocabulary();
    model["merges"] = merges_by_rank(given, ranks_by_score(given), true);
    bool prefix = given.flag("add_space_prefix", true);
    Json steps = Json::array();
    if (prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kMark}});
    steps.push_back(parts::replace(" ", kMark));
    json["normalizer"] = parts::sequence("normalizers", std::move(steps));
    json["decoder"] = piece_decoder(has_bytes(given), prefix);
    json["post_processor"] = given.bos_and_eos(true, false);
    json["model"] = std::move(model);
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
        parts::put(vocab, word ? token.substr(3) : whole ? token : "##" + token,
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

Json gguf_unigram(const GgufTokens&) {
    throw Error("tokenizer.ggml.model is t5, which is not read yet", "gpt2, llama, bert or gemma4");
}

}  // namespace moonlet
