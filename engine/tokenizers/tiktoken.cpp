// SPDX-License-Identifier: Apache-2.0
// tiktoken merges the neighbours whose joined bytes have the lowest rank, and takes a word that is
// a token as it is: byte-pair encoding with one derived merge a token and ignore_merges is the
// same.
#include "tokenizers/tiktoken.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "core/error.h"
#include "core/interrupt.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/derive_merges.h"
#include "tokenizers/json_parts.h"
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

namespace parts = json_parts;

struct Ranks {
    std::vector<std::string> tokens;
    std::vector<uint32_t> ranks;
};

// What both kinds of files come to.
struct Plan {
    std::string pattern;
    std::vector<std::pair<std::string, int>> special;
    int shift = 0;  // an id is a rank and this
    std::string begin;
    const char* form = nullptr;
};

// One line or entry of the file, checked.
void add_rank(Ranks& out, std::string token, int64_t rank, const std::string& where) {
    if (token.empty()) throw Error(where + " is an empty token", "a token of at least one byte");
    if (rank < 0 || rank > 0x3FFFFFFF)
        throw Error(where + " has the rank " + std::to_string(rank), "0 … 1073741823");
    out.tokens.push_back(std::move(token));
    out.ranks.push_back(static_cast<uint32_t>(rank));
}

void check_unique(const Ranks& all, const std::string& what) {
    std::vector<uint32_t> sorted = all.ranks;
    std::sort(sorted.begin(), sorted.end());
    auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end())
        throw Error(what + " gives the rank " + std::to_string(*twice) + " twice",
                    "every rank once");
    std::array<bool, 256> bytes{};
    for (auto& token : all.tokens)
        if (token.size() == 1) bytes[static_cast<unsigned char>(token[0])] = true;
    auto missing = std::find(bytes.begin(), bytes.end(), false) - bytes.begin();
    if (missing < 256)
        throw Error(what + " has no token for the byte " + std::to_string(missing),
                    "all 256 single bytes among the ranks");
}

Json build(const Ranks& all, const Plan& plan, const std::string& what) {
    check_unique(all, what);
    Json model = parts::bpe();
    model["ignore_merges"] = true;
    Json& vocab = model["vocab"];
    std::vector<std::string_view> views(all.tokens.begin(), all.tokens.end());
    for (size_t i = 0; i < views.size(); ++i)
        parts::put(vocab, byte_level::written(views[i]), all.ranks[i] + unsigned(plan.shift));
    Json& merges = model["merges"];
    for (const DerivedMerge& m : derive_merges(views, all.ranks, false)) {
        std::string_view token = views[m.token];
        parts::put(merges, parts::merge(byte_level::written(token.substr(0, m.cut)),
                                        byte_level::written(token.substr(m.cut))));
    }
    std::vector<uint32_t> taken = all.ranks;
    std::sort(taken.begin(), taken.end());
    Json json = parts::tokenizer();
    for (auto& [content, id] : plan.special) {
        int64_t rank = int64_t{id} - plan.shift;
        if (rank >= 0 && std::binary_search(taken.begin(), taken.end(), uint32_t(rank)))
            throw Error(what + " gives a token the id " + std::to_string(id) + ", which is " +
                            quote(content) + " in this encoding",
                        "the encoding the file was made for");
        parts::put(vocab, content, id);
        parts::put(json["added_tokens"], parts::added_token(id, content, true));
    }
    if (plan.form) json["normalizer"] = {{"type", plan.form}};
    json["pre_tokenizer"] =
        parts::sequence("pretokenizers", {parts::split(plan.pattern), parts::byte_level(false)});
    json["decoder"] = parts::byte_level(false);
    for (auto& [content, id] : plan.special)
        if (content == plan.begin) json["post_processor"] = parts::around({{content, id}}, {});
    json["model"] = std::move(model);
    return json;
}

std::string names() {
    std::string all;
    for (auto& e : tiktoken_encodings()) all += (all.empty() ? "" : ", ") + e.name;
    return all;
}

const TiktokenEncoding& named(const std::string& name) {
    std::vector<std::string> legal;
    for (auto& e : tiktoken_encodings()) {
        if (e.name == name) return e;
        legal.push_back(e.name);
    }
    std::string near = nearest_name(name, legal);
    throw Error("there is no encoding " + quote(name), "one of: " + names(),
                near.empty() ? "" : "did you mean \"" + near + "\"?");
}

// By the file's name (the longest that stands in it), else by the number of ranks.
const TiktokenEncoding& guessed(const std::string& path, size_t ranks) {
    std::string file = std::filesystem::path(path).filename().string();
    const TiktokenEncoding* best = nullptr;
    for (auto& e : tiktoken_encodings())
        if (file.find(e.name) != std::string::npos && (!best || e.name.size() > best->name.size()))
            best = &e;
    for (auto& e : tiktoken_encodings())
        if (!best && e.ranks == ranks && e.name != "gpt2") best = &e;
    if (!best)
        throw Error(
            path + " has " + std::to_string(ranks) + " ranks, as no encoding that is known here",
            "its encoding, one of: " + names(),
            "tokenizers.load(path, {encoding = \"cl100k_base\"})");
    return *best;
}

// The next line without its end; `text` moves behind it.
std::string_view next_line(std::string_view& text) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    return line;
}

bool read_line(std::string_view line, std::string& token, int64_t& rank) {
    size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos) return false;
    const char *first = line.data() + space + 1, *last = line.data() + line.size();
    auto [end, error] = std::from_chars(first, last, rank);
    return error == std::errc() && end == last && parts::base64_bytes(line.substr(0, space), token);
}

}  // namespace

bool is_rank_file(std::string_view bytes) {
    std::string token;
    int64_t rank;
    return read_line(next_line(bytes), token, rank);
}

Json tokenizer_json_from_tiktoken(std::string_view bytes, const std::string& path,
                                  const std::string& encoding) {
    const TiktokenEncoding* chosen = encoding.empty() ? nullptr : &named(encoding);
    Ranks all;
    std::string token;
    size_t n = 0;
    for (std::string_view rest = bytes; !rest.empty();) {
        std::string_view line = next_line(rest);
        ++n;
        if (line.empty()) continue;
        int64_t rank;
        std::string where = path + ", line " + std::to_string(n);
        if (!read_line(line, token, rank))
            throw Error(where + " is " + quote(line), "\"base64-of-the-token rank\"");
        add_rank(all, token, rank, where);
        if (n % 4096 == 0) interrupt::check();
    }
    if (!chosen) chosen = &guessed(path, all.tokens.size());
    Plan plan{chosen->pattern, chosen->special(all.tokens.size()), 0,
              chosen->begin ? chosen->begin : "", chosen->form};
    return build(all, plan, path);
}

bool is_tekken(const Json& json) {
    return json.is_object() && json.contains("config") && json.contains("vocab") &&
           json["vocab"].is_array() && !json.contains("model");
}

Json tokenizer_json_from_tekken(const Json& tekken, const std::string& what) {
    const Json& config = object_field(tekken, "config", what);
    int64_t specials = integer_field(config, "default_num_special_tokens", what + ".config");
    int64_t size = integer_field(config, "default_vocab_size", what + ".config");
    const Json& vocab = array_field(tekken, "vocab", what);
    if (specials < 0 || size < specials || size > 0x3FFFFFFF ||
        size - specials > static_cast<int64_t>(vocab.size()))
        throw Error(what + " wants " + std::to_string(size) + " tokens, " +
                        std::to_string(specials) + " of them special, of " +
                        std::to_string(vocab.size()) + " in its list",
                    "as many as it has");
    Ranks all;
    std::string token;
    for (size_t i = 0; i < static_cast<size_t>(size - specials); ++i) {
        std::string where = what + ".vocab[" + std::to_string(i) + "]";
        if (!parts::base64_bytes(string_field(vocab[i], "token_bytes", where), token))
            throw Error(where + ".token_bytes is not base64");
        add_rank(all, token, integer_field(vocab[i], "rank", where), where);
    }
    Plan plan;
    plan.pattern = string_field(config, "pattern", what + ".config");
    plan.shift = static_cast<int>(specials);
    plan.begin = "<s>";
    // The names of files up to version 7, which do not list them.
    static const std::vector<std::string> kOld = {"<unk>",
                                                  "<s>",
                                                  "</s>",
                                                  "[INST]",
                                                  "[/INST]",
                                                  "[AVAILABLE_TOOLS]",
                                                  "[/AVAILABLE_TOOLS]",
                                                  "[TOOL_RESULTS]",
                                                  "[/TOOL_RESULTS]",
                                                  "[TOOL_CALLS]",
                                                  "[IMG]",
                                                  "<pad>",
                                                  "[IMG_BREAK]",
                                                  "[IMG_END]",
                                                  "[PREFIX]",
                                                  "[MIDDLE]",
                                                  "[SUFFIX]",
                                                  "[SYSTEM_PROMPT]",
                                                  "[/SYSTEM_PROMPT]",
                                                  "[TOOL_CONTENT]"};
    bool listed = tekken.contains("special_tokens") && !tekken["special_tokens"].is_null();
    if (listed) {
        for (const Json& entry : array_field(tekken, "special_tokens", what)) {
            int64_t id = integer_field(entry, "rank", what + ".special_tokens");
            if (id < 0 || id >= specials)
                throw Error(what + " has a special token of rank " + std::to_string(id),
                            "0 … " + std::to_string(specials - 1));
            plan.special.emplace_back(string_field(entry, "token_str", what + ".special_tokens"),
                                      static_cast<int>(id));
        }
    } else {
        for (auto& name : kOld)
            if (plan.special.size() < static_cast<size_t>(specials))
                plan.special.emplace_back(name, static_cast<int>(plan.special.size()));
    }
    // No more names than the file pays for: a claimed number of them is no reason to make them.
    auto fill = std::min<int64_t>(specials, static_cast<int64_t>(vocab.size()) + 1000);
    for (auto id = static_cast<int64_t>(plan.special.size()); id < fill; ++id)
        plan.special.emplace_back("<SPECIAL_" + std::to_string(id) + ">", static_cast<int>(id));
    return build(all, plan, what);
}

}  // namespace moonlet
