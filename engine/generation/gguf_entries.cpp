// SPDX-License-Identifier: Apache-2.0
#include "generation/gguf_entries.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

namespace {

// The id of a token that tokenizer_config.json names; -1: none.
int special(const LanguageModel& model, const char* key) {
    const Json& config = model.tokenizer_config;
    auto it = config.is_object() ? config.find(key) : config.end();
    if (it == config.end()) return -1;
    const Json token = it->is_object() ? it->value("content", Json()) : *it;
    if (!token.is_string()) return -1;
    return model.tokenizer->token_to_id(token.get<std::string>()).value_or(-1);
}

// GGUF has three places for tokens that end a text. The tokenizer's own eos_token is the first; of
// the others the one whose name says end of message stands in its place.
struct Endings {
    int eos = -1, eot = -1, eom = -1;
};

Endings endings_of(const LanguageModel& model) {
    std::vector<int> ids = model.generation_config.eos_token_ids;
    Endings ends;
    auto take = [&](int id, int& place) {
        auto found = std::find(ids.begin(), ids.end(), id);
        if (found == ids.end() || place >= 0) return;
        place = id;
        ids.erase(found);
    };
    if (model.tokenizer) {
        take(special(model, "eos_token"), ends.eos);
        if (auto id = model.tokenizer->token_to_id("<|eom_id|>")) take(*id, ends.eom);
    }
    for (int* place : {&ends.eos, &ends.eot, &ends.eom})
        if (*place < 0 && !ids.empty()) take(ids[0], *place);
    return ends;
}

}  // namespace

std::vector<GgufEntry> gguf_entries(const LanguageModel& model) {
    std::vector<GgufEntry> entries;
    auto text = [&](const std::string& key, const std::string& value) {
        entries.push_back({key, GgufType::STRING, value});
    };
    auto id = [&](const char* name, int value) {
        if (value >= 0)
            entries.push_back(
                {std::string("tokenizer.ggml.") + name + "_token_id", GgufType::U32, value});
    };
    if (!model.name.empty()) text("general.name", model.name);
    const GenerationConfig& config = model.generation_config;
    if (config.do_sample) {
        auto number = [&](const char* key, double value) {
            entries.push_back({std::string("general.sampling.") + key, GgufType::F32, value});
        };
        number("temp", config.temperature);
        if (config.top_k > 0)
            entries.push_back({"general.sampling.top_k", GgufType::I32, config.top_k});
        if (config.top_p < 1) number("top_p", config.top_p);
        if (config.min_p > 0) number("min_p", config.min_p);
        if (config.repetition_penalty != 1) number("penalty_repeat", config.repetition_penalty);
    }
    if (!model.tokenizer) {
        text("tokenizer.ggml.model", "none");
    } else {
        const Endings ends = endings_of(model);
        id("bos", config.bos_token_id);
        id("eos", ends.eos);
        id("eot", ends.eot);
        id("eom", ends.eom);
        id("padding", config.pad_token_id);
        // Readers of other files have to guess which tokens end a text beside these three.
        if (!config.eos_token_ids.empty())
            entries.push_back(
                {"moonlet.eos_token_ids", GgufType::ARRAY, config.eos_token_ids, GgufType::U32});
        GgufVocabularyOptions options;
        options.bos = config.bos_token_id >= 0 ? config.bos_token_id : special(model, "cls_token");
        if (options.bos < 0) options.bos = special(model, "bos_token");
        options.eos = ends.eos;
        options.padding =
            config.pad_token_id >= 0 ? config.pad_token_id : special(model, "pad_token");
        options.unknown = special(model, "unk_token");
        options.separator = special(model, "sep_token");
        options.mask = special(model, "mask_token");
        options.tokens = size_t(model.network->vocab_size());
        for (GgufEntry& entry : gguf_vocabulary(*model.tokenizer, options))
            entries.push_back(std::move(entry));
    }
    if (model.chat_template)
        for (const std::string& name : model.chat_template->names())
            text(name == "default" ? "tokenizer.chat_template" : "tokenizer.chat_template." + name,
                 model.chat_template->source(name));
    if (!model.network->causal()) {
        const bool ranks = model.network->classifier() != nullptr;
        entries.push_back({"{arch}.pooling_type", GgufType::U32,
                           ranks                          ? 4
                           : model.pooling == "mean"      ? 1
                           : model.pooling == "cls"       ? 2
                           : model.pooling == "lasttoken" ? 3
                                                          : 0});
    }
    return entries;
}

}  // namespace moonlet
