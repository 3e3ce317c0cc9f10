// SPDX-License-Identifier: Apache-2.0
#include "tokenizers/gguf_tokens.h"

#include <algorithm>

#include "core/error.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

std::string key_of(const char* name) { return std::string("tokenizer.ggml.") + name; }

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return text;
}

}  // namespace

GgufTokens::GgufTokens(const Gguf& gguf) : file(&gguf) {
    model = std::string(gguf.get("tokenizer.ggml.model").string());
    if (auto* value = gguf.find("tokenizer.ggml.pre")) pre = std::string(value->string());
    const GgufValue& list = gguf.get("tokenizer.ggml.tokens");
    tokens.reserve(list.count());  // the reader has seen that all of them are there
    list.each_string([&](std::string_view token) {
        tokens.push_back(token.empty() ? "[EMPTY_" + std::to_string(tokens.size()) + "]"
                                       : unicode::lossy(token));
    });
    auto fits = [&](const char* name, size_t count) {
        if (count >= tokens.size()) return;
        throw Error(gguf.where() + ": tokenizer.ggml." + name + " has " + std::to_string(count) +
                        " entries for " + std::to_string(tokens.size()) + " tokens",
                    "one for each");
    };
    types.assign(tokens.size(), GgufTokenType::normal);
    if (auto* value = gguf.find("tokenizer.ggml.token_type")) {
        std::vector<int64_t> numbers = value->integers();
        fits("token_type", numbers.size());
        for (size_t i = 0; i < tokens.size(); ++i)
            if (numbers[i] >= 1 && numbers[i] <= 6)
                types[i] = static_cast<GgufTokenType>(numbers[i]);
    }
    if (auto* value = gguf.find("tokenizer.ggml.scores")) {
        std::vector<double> numbers = value->numbers();
        fits("scores", numbers.size());
        scores.assign(numbers.begin(), numbers.begin() + std::ptrdiff_t(tokens.size()));
    }
    bool spm = model == "llama", bert = model == "bert", t5 = model == "t5";
    bos = id("bos_token_id", spm ? 1 : bert ? 101 : t5 || model == "gemma4" ? -1 : 11);
    eos = id("eos_token_id", spm ? 2 : bert || model == "gemma4" ? -1 : t5 ? 1 : 11);
    unknown = id("unknown_token_id", spm ? 0 : bert ? 100 : t5 ? 2 : -1);
    separator = id("seperator_token_id", id("separator_token_id", bert ? 102 : -1));
    cls = id("cls_token_id", bos);
}

bool GgufTokens::has(const char* key) const { return file->find(key_of(key)) != nullptr; }

bool GgufTokens::flag(const char* key, bool fallback) const {
    auto* value = file->find(key_of(key));
    return value ? value->boolean() : fallback;
}

// An id beyond the vocabulary counts as not there, as in llama.cpp.
int GgufTokens::id(const char* key, int fallback) const {
    auto size = static_cast<int64_t>(tokens.size());
    if (fallback >= size) fallback = -1;
    auto* value = file->find(key_of(key));
    if (!value) return fallback;
    int64_t id = value->integer();
    return id >= 0 && id < size ? static_cast<int>(id) : fallback;
}

std::pair<std::string, int> GgufTokens::named(int id) const {
    return {tokens[static_cast<size_t>(id)], id};
}

Json GgufTokens::vocabulary() const {
    Json vocab = Json::object();
    vocab.get_ref<Json::object_t&>().reserve(tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i)
        json_parts::put(vocab, tokens[i], static_cast<int>(i));
    return vocab;
}

// GGUF has no place for lstrip and rstrip. These are the rules of llama.cpp for the models that
// need them.
Json GgufTokens::added_tokens() const {
    auto text = [&](const char* key) {
        auto* value = file->find(key);
        return value && value->type() == GgufType::STRING ? lower(std::string(value->string()))
                                                          : "";
    };
    std::string name = text("general.name"), architecture = text("general.architecture");
    bool phi3 = name.find("phi-3") != name.npos || name.find("phi3") != name.npos;
    bool mask_takes_space = pre.rfind("jina-v2-", 0) == 0 || pre == "modern-bert" ||
                            architecture == "nomic-bert-moe" || architecture == "jina-bert-v3";
    Json added = Json::array();
    for (size_t i = 0; i < tokens.size(); ++i) {
        bool special = types[i] == GgufTokenType::control || types[i] == GgufTokenType::unknown;
        if (!special && types[i] != GgufTokenType::user_defined) continue;
        const std::string& token = tokens[i];
        Json entry = json_parts::added_token(static_cast<int>(i), token, special);
        if (phi3 && token != "<unk>" && token != "<s>" && token != "<|endoftext|>")
            entry["rstrip"] = true;
        if (mask_takes_space && (token == "<mask>" || token == "[MASK]")) entry["lstrip"] = true;
        json_parts::put(added, std::move(entry));
    }
    return added;
}

Json GgufTokens::bos_and_eos(bool add_bos, bool add_eos) const {
    json_parts::Tokens before, behind;
    if (flag("add_bos_token", add_bos) && bos >= 0) before.push_back(named(bos));
    if (flag("add_eos_token", add_eos) && eos >= 0) behind.push_back(named(eos));
    return before.empty() && behind.empty() ? Json() : json_parts::around(before, behind);
}

}  // namespace moonlet
