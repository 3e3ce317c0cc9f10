// SPDX-License-Identifier: Apache-2.0
// What a GGUF says beside the network, in the words of a folder's small files: the ids that begin
// and end a text, the special tokens, chat templates, decoding defaults, pooling.
#include <algorithm>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "models/gguf_config.h"
#include "models/gguf_model.h"
#include "models/model.h"

namespace moonlet {

namespace {

struct SpecialToken {
    const char* key;     // tokenizer.ggml.<key>_token_id
    const char* config;  // of tokenizer_config.json
};
constexpr SpecialToken kSpecial[] = {
    {"bos", "bos_token"},       {"eos", "eos_token"},     {"unknown", "unk_token"},
    {"seperator", "sep_token"}, {"padding", "pad_token"}, {"cls", "cls_token"},
    {"mask", "mask_token"},
};

// Tokens that end an answer in whatever vocabulary they stand, as llama.cpp finds them by their
// text (llama-vocab.cpp): many files name only one id.
const std::vector<std::string>& ending_tokens() {
    static const std::vector<std::string> tokens = {"<|eot_id|>",
                                                    "<|im_end|>",
                                                    "<|end|>",
                                                    "<|return|>",
                                                    "<|call|>",
                                                    "<|flush|>",
                                                    "<|calls|>",
                                                    "<end_of_turn>",
                                                    "<|endoftext|>",
                                                    "<|eom_id|>",
                                                    "<EOT>",
                                                    "_<EOT>",
                                                    "[EOT]",
                                                    "[EOS]",
                                                    "<|end_of_text|>",
                                                    "<end_of_utterance>",
                                                    "<eos>",
                                                    "<turn|>",
                                                    "<|tool_response>",
                                                    "<｜end▁of▁sentence｜>",
                                                    "</s>",
                                                    "[e~["};
    return tokens;
}

// The ids of some tokens and the tokens of some ids, in one pass over the vocabulary.
struct Lookup {
    std::map<std::string, int64_t> ids;    // of ending tokens
    std::map<int64_t, std::string> texts;  // of special ids
};

Lookup look_up(const GgufModel& model, const std::vector<int64_t>& wanted) {
    Lookup found;
    const GgufValue* tokens = model.find("tokenizer.ggml.tokens");
    if (!tokens) return found;
    std::map<std::string_view, bool> endings;
    for (const std::string& token : ending_tokens()) endings[token] = true;
    int64_t id = 0;
    tokens->each_string([&](std::string_view token) {
        if (std::find(wanted.begin(), wanted.end(), id) != wanted.end())
            found.texts[id] = std::string(token);
        if (endings.count(token)) found.ids[std::string(token)] = id;
        ++id;
    });
    return found;
}

std::vector<int64_t> ending_ids(const GgufModel& model, const Lookup& lookup) {
    if (const GgufValue* all = model.head().find("moonlet.eos_token_ids")) return all->integers();
    std::vector<int64_t> ids;
    auto add = [&](int64_t id) {
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    };
    for (const char* key : {"eos", "eot", "eom"})
        if (const GgufValue* id = model.find(std::string("tokenizer.ggml.") + key + "_token_id"))
            add(id->integer());
    // In the formats where a call or a flush ends the answer, <|end|> only ends a message.
    const auto& known = lookup.ids;
    const bool end_of_message = (known.count("<|return|>") && known.count("<|call|>")) ||
                                (known.count("<|calls|>") && known.count("<|flush|>"));
    for (const std::string& token : ending_tokens())
        if (auto id = known.find(token);
            id != known.end() && !(end_of_message && token == "<|end|>"))
            add(id->second);
    return ids;
}

Json generation_config(const GgufModel& model, const Lookup& lookup) {
    Json config = Json::object();
    for (const char* name : {"bos", "pad"}) {
        const std::string key = name == std::string("pad") ? "padding" : name;
        if (const GgufValue* id = model.find("tokenizer.ggml." + key + "_token_id"))
            config[std::string(name) + "_token_id"] = id->integer();
    }
    const std::vector<int64_t> ends = ending_ids(model, lookup);
    if (ends.size() == 1) config["eos_token_id"] = ends[0];
    else if (!ends.empty()) config["eos_token_id"] = ends;
    struct Sampling {
        const char *key, *name;
        bool whole;
    };
    for (auto [key, name, whole] : {Sampling{"temp", "temperature", false},
                                    {"top_k", "top_k", true},
                                    {"top_p", "top_p", false},
                                    {"min_p", "min_p", false},
                                    {"penalty_repeat", "repetition_penalty", false}})
        if (const GgufValue* value = model.find(std::string("general.sampling.") + key)) {
            config["do_sample"] = true;
            if (whole) config[name] = value->integer();
            else config[name] = shortest(float(value->number()));
        }
    return config;
}

// tokenizer.chat_template is the default one, tokenizer.chat_template.NAME another.
std::vector<std::pair<std::string, std::string>> templates(const GgufModel& model) {
    const std::string key = "tokenizer.chat_template";
    std::vector<std::pair<std::string, std::string>> result;
    if (const GgufValue* main = model.find(key))
        result.push_back({"default", std::string(main->string())});
    for (const auto& [name, value] : model.head().metadata())
        if (name.rfind(key + ".", 0) == 0)
            result.push_back({name.substr(key.size() + 1), std::string(value.string())});
    return result;
}

}  // namespace

bool is_gguf(const std::string& path) {
    std::string end = std::filesystem::path(path).extension().string();
    for (char& c : end) c = char(std::tolower(static_cast<unsigned char>(c)));
    return end == ".gguf";
}

GgufText read_gguf_text(const std::string& path) {
    const auto model = GgufModel::open(path);
    GgufText text;
    if (const GgufValue* name = model->find("general.name"))
        text.name = std::string(name->string());
    std::map<std::string, int64_t> ids;
    std::vector<int64_t> wanted;
    for (const SpecialToken& token : kSpecial)
        if (const GgufValue* id =
                model->find(std::string("tokenizer.ggml.") + token.key + "_token_id")) {
            ids[token.config] = id->integer();
            wanted.push_back(id->integer());
        }
    const Lookup lookup = look_up(*model, wanted);
    text.generation_config = generation_config(*model, lookup);
    text.tokenizer_config = {{"tokenizer_class", "PreTrainedTokenizerFast"}};
    for (const SpecialToken& token : kSpecial)
        if (ids.count(token.config) && lookup.texts.count(ids[token.config]))
            text.tokenizer_config[token.config] = lookup.texts.at(ids[token.config]);
    for (const char* key : {"add_bos_token", "add_eos_token"})
        if (const GgufValue* flag = model->find(std::string("tokenizer.ggml.") + key))
            text.tokenizer_config[key] = flag->boolean();
    if (const GgufValue* length = model->find("context_length"))
        text.tokenizer_config["model_max_length"] = length->integer();
    text.chat_templates = templates(*model);
    if (const GgufValue* json = model->find("tokenizer.huggingface.json"))
        text.tokenizer_json = std::string(json->string());
    text.has_vocabulary = model->find("tokenizer.ggml.tokens") != nullptr;
    constexpr const char* kPooling[] = {"", "mean", "cls", "lasttoken", "cls"};
    if (const GgufValue* pooling = model->find("pooling_type"))
        if (int64_t kind = pooling->integer(); kind >= 0 && kind < 5) text.pooling = kPooling[kind];
    return text;
}

}  // namespace moonlet
