// SPDX-License-Identifier: Apache-2.0
// A tokenizer as tokenizer.ggml.* entries. Which model of GGUF says the same is found by looking at
// what each part does; where none does, the error says which part stands in the way. BPE over
// characters is written as sentencepiece's pieces with scores: a token's score is minus the rank of
// the merge that makes it, and that this gives the same merges is checked, token by token.
#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "tokenizers/derive_merges.h"
#include "tokenizers/gguf_pre_types.h"
#include "tokenizers/gguf_tokens.h"
#include "tokenizers/gguf_vocabulary.h"

namespace moonlet {

namespace {

using Type = GgufTokenType;

[[noreturn]] void cannot(const std::string& why) {
    throw Error("this tokenizer cannot be written as a GGUF vocabulary: " + why,
                "a tokenizer that llama.cpp has, too", "keep its tokenizer.json");
}

// A part of the file and its kind; null and "" where it has none.
const Json& part(const Json& json, const char* key) {
    static const Json none;
    return json.contains(key) ? json[key] : none;
}

std::string type_of(const Json& part) { return part.is_object() ? part.value("type", "") : ""; }

// The steps of a Sequence, or the part itself; nothing of null.
std::vector<Json> steps(const Json& part, const char* field) {
    if (part.is_null()) return {};
    if (type_of(part) != "Sequence") return {part};
    std::vector<Json> all;
    for (const Json& inner : part.value(field, Json::array()))
        for (Json& step : steps(inner, field)) all.push_back(std::move(step));
    return all;
}

class Writer {
  public:
    Writer(const Tokenizer& tokenizer, const GgufVocabularyOptions& options)
        : tokenizer_(tokenizer),
          json_(tokenizer.json()),
          model_(json_["model"]),
          options_(options) {}

    std::vector<GgufEntry> run() {
        read_tokens();
        std::string kind = type_of(model_);
        if (kind.empty() && model_.contains("merges")) kind = "BPE";
        normalizer_ = steps(part(json_, "normalizer"), "normalizers");
        pre_tokenizer_ = steps(part(json_, "pre_tokenizer"), "pretokenizers");
        if (kind == "BPE" && is_byte_level()) byte_level_bpe();
        else if (kind == "BPE") character_bpe();
        else if (kind == "WordPiece") wordpiece();
        else if (kind == "Unigram") unigram();
        else cannot("its model is " + quote(kind));
        finish();
        return std::move(entries_);
    }

  private:
    void put(const char* key, GgufType type, Json value, GgufType element = GgufType::U8) {
        entries_.push_back({std::string("tokenizer.ggml.") + key, type, std::move(value), element});
    }
    void put_id(const char* key, int id) {
        if (id >= 0) put(key, GgufType::U32, id);
    }

    void read_tokens() {
        size_t known = tokenizer_.vocab_size();
        size_t size = std::max(known, options_.tokens);
        if (size > (size_t{1} << 24)) cannot("it has an id of " + std::to_string(size - 1));
        tokens_.resize(size);
        types_.assign(size, Type::unused);
        const Json& vocab = part(model_, "vocab");
        auto set = [&](const std::string& token, int64_t id, Type type) {
            if (id < 0 || static_cast<size_t>(id) >= size) return;
            tokens_[static_cast<size_t>(id)] = token;
            types_[static_cast<size_t>(id)] = type;
        };
        if (vocab.is_object())
            for (auto& [token, id] : vocab.items()) set(token, id.get<int64_t>(), Type::normal);
        int64_t next = 0;
        if (vocab.is_array())
            for (const Json& entry : vocab) set(entry[0].get<std::string>(), next++, Type::normal);
        for (const Json& entry : part(json_, "added_tokens")) {
            std::string content = entry.value("content", "");
            auto id = tokenizer_.token_to_id(content);
            if (!id) continue;
            bool special = entry.value("special", false);
            set(content, *id, special ? Type::control : Type::user_defined);
        }
        for (size_t id = 0; id < size; ++id)
            if (tokens_[id].empty() && types_[id] == Type::unused)
                tokens_[id] = "[PAD" + std::to_string(id) + "]";
    }

    bool is_byte_level() const {
        for (const Json& step : pre_tokenizer_)
            if (type_of(step) == "ByteLevel") return true;
        return false;
    }

    void byte_level_bpe() {
        auto pre = gguf_pre_type_of(json_);
        if (!pre) cannot("llama.cpp has no pre-tokenizer that cuts words as this one does");
        for (const Json& step : normalizer_) {
            std::string kind = type_of(step);
            if (kind.compare(0, 2, "NF") != 0) cannot("its normalizer is " + quote(kind));
        }
        for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
            if (!model_.value(affix, Json()).is_null() && !model_.value(affix, "").empty())
                cannot(std::string("it has a ") + affix);
        put("model", GgufType::STRING, "gpt2");
        put("pre", GgufType::STRING, *pre);
        Json merges = Json::array();
        for (const Json& merge : part(model_, "merges")) {
            if (merge.is_string()) {
                json_parts::put(merges, merge);
                continue;
            }
            json_parts::put(merges,
                            merge[0].get<std::string>() + " " + merge[1].get<std::string>());
        }
        merges_ = std::move(merges);
    }

    // Byte tokens, and the token for what is unknown.
    void mark_bytes_and_unknown() {
        if (model_.value("byte_fallback", false))
            for (size_t id = 0; id < tokens_.size(); ++id)
                if (tokens_[id].size() == 6 && tokens_[id].compare(0, 3, "<0x") == 0 &&
                    tokens_[id][5] == '>')
                    types_[id] = Type::byte;
        const Json& name = part(model_, "unk_token");
        if (name.is_string())
            if (auto id = tokenizer_.token_to_id(name.get<std::string>())) unknown_ = *id;
        if (unknown_ >= 0) types_[static_cast<size_t>(unknown_)] = Type::unknown;
    }

    // A cut before every "▁", as sentencepiece_json makes it.
    static bool cuts_at_marks(const Json& step) {
        return type_of(step) == "Split" && part(step, "pattern").is_object() &&
               part(step, "pattern").value("String", "") == "▁" &&
               step.value("behavior", "") == "MergedWithNext";
    }

    // How " " becomes "▁" and whether one is put in front.
    void spaces(bool& prefix, bool& inner) {
        prefix = false;
        bool replaced = false;
        for (const Json& step : normalizer_) {
            std::string kind = type_of(step);
            Json pattern = part(step, "pattern");
            bool space = pattern.is_object() && pattern.value("String", "") == " ";
            if (kind == "Prepend" && step.value("prepend", "") == "▁") prefix = true;
            else if (kind == "Replace" && space && step.value("content", "") == "▁")
                replaced = true;
            else cannot("its normalizer has a step " + quote(kind));
        }
        for (const Json& step : pre_tokenizer_) {
            std::string kind = type_of(step);
            if (kind == "Metaspace" && step.value("replacement", "▁") == "▁") {
                std::string scheme = step.value("prepend_scheme", "always");
                prefix = prefix || (scheme != "never" && step.value("add_prefix_space", true));
                inner = inner || step.value("split", true);
                replaced = true;
            } else if (cuts_at_marks(step)) {
                inner = true;
            } else if (kind == "Split" && replaced && part(step, "pattern").is_object() &&
                       part(step, "pattern").value("String", "") == " ") {
                continue;  // there are no spaces left to cut at
            } else {
                cannot("its pre-tokenizer has a step " + quote(kind));
            }
        }
        if (!replaced) cannot("its spaces do not become \"▁\"");
    }

    void character_bpe() {
        mark_bytes_and_unknown();
        bool prefix = false, split = false;
        spaces(prefix, split);
        std::vector<uint32_t> ranks(tokens_.size(), kTakesNoPart);
        std::set<std::pair<int, size_t>> listed;  // the token that comes out, bytes of its left
        std::map<std::string, int> ids;
        for (size_t id = 0; id < tokens_.size(); ++id)
            if (types_[id] == Type::normal || types_[id] == Type::user_defined)
                ids.emplace(tokens_[id], static_cast<int>(id));
        uint32_t rank = 0;
        size_t n = 0;
        const Json& equal = part(model_, "merge_ranks");  // of sentencepiece's equal scores
        for (const Json& merge : part(model_, "merges")) {
            auto [left, right] = sides(merge);
            auto it = ids.find(left + right);
            if (it == ids.end()) cannot("a merge makes the special token " + quote(left + right));
            listed.emplace(it->second, left.size());
            uint32_t& own = ranks[static_cast<size_t>(it->second)];
            bool given = n < equal.size() && equal[n].is_number_unsigned();
            if (own == kTakesNoPart) own = given ? equal[n].get<uint32_t>() : rank;
            rank = std::max(rank, own + 1);
            ++n;
            if (split && (left + right).rfind("▁") != 0 && (left + right).rfind("▁") != left.npos)
                cannot("it cuts at every \"▁\", and " + quote(left + right) + " has one inside");
        }
        Json scores = Json::array();
        for (size_t id = 0; id < tokens_.size(); ++id) {
            bool text = types_[id] == Type::normal || types_[id] == Type::user_defined;
            if (text && ranks[id] == kTakesNoPart) ranks[id] = rank;
            json_parts::put(scores, text ? -double(ranks[id]) : 0.0);
        }
        check_merges(ranks, listed);
        put("model", GgufType::STRING, "llama");
        put("pre", GgufType::STRING, "default");
        scores_ = std::move(scores);
        put("add_space_prefix", GgufType::BOOL, prefix);
    }

    // Merging by score must make every token of the same two parts as the list of merges does.
    void check_merges(const std::vector<uint32_t>& ranks,
                      const std::set<std::pair<int, size_t>>& listed) {
        std::vector<std::string_view> views(tokens_.begin(), tokens_.end());
        for (const DerivedMerge& m : derive_merges(views, ranks, true))
            if (!listed.count({static_cast<int>(m.token), m.cut}) && !found_first(m.token))
                cannot("by scores " + quote(tokens_[m.token]) + " would be made of " +
                       quote(views[m.token].substr(0, m.cut)) + " and " +
                       quote(views[m.token].substr(m.cut)) + ", which is none of its merges");
    }

    // User-defined tokens are cut out of the text before anything merges, but a text has no "▁".
    bool found_first(uint32_t id) const {
        return types_[id] == Type::user_defined && tokens_[id].find("▁") == std::string::npos;
    }

    static std::pair<std::string, std::string> sides(const Json& merge) {
        if (merge.is_array()) return {merge[0].get<std::string>(), merge[1].get<std::string>()};
        std::string text = merge.get<std::string>();
        size_t space = text.find(' ');
        return {text.substr(0, space), text.substr(space + 1)};
    }

    void wordpiece() {
        if (normalizer_.size() != 1 || type_of(normalizer_[0]) != "BertNormalizer")
            cannot("it is WordPiece without BERT's normalizer");
        if (pre_tokenizer_.size() != 1 || type_of(pre_tokenizer_[0]) != "BertPreTokenizer")
            cannot("it is WordPiece without BERT's pre-tokenizer");
        if (model_.value("continuing_subword_prefix", "##") != "##")
            cannot("its parts of words do not begin with \"##\"");
        auto id = tokenizer_.token_to_id(model_.value("unk_token", "[UNK]"));
        if (id) unknown_ = *id;
        for (size_t i = 0; i < tokens_.size(); ++i) {
            if (types_[i] != Type::normal) continue;
            if (tokens_[i].compare(0, 2, "##") == 0 && tokens_[i].size() > 2)
                tokens_[i].erase(0, 2);
            else tokens_[i] = "▁" + tokens_[i];
        }
        const Json& normalizer = normalizer_[0];
        bool lower = normalizer.value("lowercase", true);
        const Json& accents = part(normalizer, "strip_accents");
        put("model", GgufType::STRING, "bert");
        put("pre", GgufType::STRING, "default");
        put("normalizer.lowercase", GgufType::BOOL, lower);
        put("normalizer.strip_accents", GgufType::BOOL,
            accents.is_boolean() ? accents.get<bool>() : lower);
    }

    void unigram() {
        if (model_.value("unk_id", Json()).is_number_integer())
            unknown_ = model_["unk_id"].get<int>();
        mark_bytes_and_unknown();
        Json scores = Json::array();
        const Json& vocab = part(model_, "vocab");
        for (size_t id = 0; id < tokens_.size(); ++id)
            json_parts::put(scores, id < vocab.size() ? vocab[id][1].get<double>() : -10000.0);
        bool prefix = false, collapse = false;
        std::string charsmap;
        for (const Json& step : normalizer_) {
            std::string kind = type_of(step);
            if (kind == "Precompiled") {
                if (!json_parts::base64_bytes(step.value("precompiled_charsmap", ""), charsmap))
                    cannot("its precompiled_charsmap is not base64");
            } else if (kind == "Replace") {
                const Json& pattern = part(step, "pattern");
                collapse = collapse || (pattern.is_object() && pattern.contains("Regex"));
            } else if (kind == "Prepend") {
                prefix = true;
            } else if (kind != "Strip") {
                cannot("its normalizer has a step " + quote(kind));
            }
        }
        for (const Json& step : pre_tokenizer_) {
            std::string kind = type_of(step);
            if (kind == "Metaspace") prefix = step.value("prepend_scheme", "always") != "never";
            else if (kind == "WhitespaceSplit") collapse = true;
            else if (cuts_at_marks(step)) continue;
            else cannot("its pre-tokenizer has a step " + quote(kind));
        }
        put("model", GgufType::STRING, "t5");
        put("pre", GgufType::STRING, "default");
        scores_ = std::move(scores);
        put("add_space_prefix", GgufType::BOOL, prefix);
        put("remove_extra_whitespaces", GgufType::BOOL, collapse);
        if (charsmap.empty()) return;
        Json bytes = Json::array();
        for (char c : charsmap) json_parts::put(bytes, static_cast<unsigned char>(c));
        put("precompiled_charsmap", GgufType::ARRAY, std::move(bytes), GgufType::U8);
    }

    // The special tokens that encoding puts before and behind a text.
    void around(std::vector<int>& before, std::vector<int>& behind) {
        std::vector<int> plain = tokenizer_.encode("a", false), all = tokenizer_.encode("a", true);
        auto at = std::search(all.begin(), all.end(), plain.begin(), plain.end());
        before.assign(all.begin(), at);
        if (at != all.end()) behind.assign(at + std::ptrdiff_t(plain.size()), all.end());
        if (before.size() > 1 || behind.size() > 1)
            cannot("it puts more than one special token before or behind a text");
    }

    void finish() {
        Json tokens = Json::array(), types = Json::array();
        for (size_t i = 0; i < tokens_.size(); ++i) {
            json_parts::put(tokens, tokens_[i]);
            json_parts::put(types, static_cast<int>(types_[i]));
        }
        put("tokens", GgufType::ARRAY, std::move(tokens), GgufType::STRING);
        if (scores_.is_array()) put("scores", GgufType::ARRAY, std::move(scores_), GgufType::F32);
        put("token_type", GgufType::ARRAY, std::move(types), GgufType::I32);
        if (merges_.is_array())
            put("merges", GgufType::ARRAY, std::move(merges_), GgufType::STRING);
        std::vector<int> before, behind;
        around(before, behind);
        bool bert = entries_[0].value == "bert";
        int bos = before.empty() ? options_.bos : before[0];
        int eos = bert || behind.empty() ? options_.eos : behind[0];
        put_id("bos_token_id", bos);
        put_id("eos_token_id", eos);
        put_id("unknown_token_id", options_.unknown >= 0 ? options_.unknown : unknown_);
        put_id("padding_token_id", options_.padding);
        put_id("seperator_token_id",  // the format's spelling
               bert && !behind.empty() ? behind[0] : options_.separator);
        if (bert && !before.empty()) put_id("cls_token_id", before[0]);
        put_id("mask_token_id", options_.mask);
        put("add_bos_token", GgufType::BOOL, !before.empty());
        put("add_eos_token", GgufType::BOOL, !behind.empty() && !bert);
        Json rest = Json::object();
        for (auto& [key, value] : json_.items())
            if (key != "model" && key != "version") rest[key] = value;
        for (auto& [key, value] : model_.items())
            if (key != "vocab" && key != "merges") rest["model"][key] = value;
        entries_.push_back({"moonlet.tokenizer", GgufType::STRING, dump_json(rest, -1)});
    }

    const Tokenizer& tokenizer_;
    const Json& json_;
    const Json& model_;
    GgufVocabularyOptions options_;
    std::vector<Json> normalizer_, pre_tokenizer_;
    std::vector<std::string> tokens_;
    std::vector<Type> types_;
    Json scores_, merges_;
    int unknown_ = -1;
    std::vector<GgufEntry> entries_;
};

}  // namespace

std::vector<GgufEntry> gguf_vocabulary(const Tokenizer& tokenizer,
                                       const GgufVocabularyOptions& options) {
    return Writer(tokenizer, options).run();
}

}  // namespace moonlet
