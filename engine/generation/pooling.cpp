// SPDX-License-Identifier: Apache-2.0
#include "generation/pooling.h"

#include <filesystem>

#include "core/error.h"
#include "core/files.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

struct Kind {
    const char* name;
    const char* key;  // in 1_Pooling/config.json
};
constexpr Kind kKinds[] = {{"mean", "pooling_mode_mean_tokens"},
                           {"cls", "pooling_mode_cls_token"},
                           {"max", "pooling_mode_max_tokens"},
                           {"lasttoken", "pooling_mode_lasttoken"}};

Json json_if_there(const fs::path& path) {
    return fs::exists(path) ? read_json(path.string()) : Json();
}

bool is_true(const Json& object, const std::string& key) {
    auto it = object.find(key);
    return it != object.end() && it->is_boolean() && it->get<bool>();
}

std::string text_of(const Json& object, const char* key) {
    auto it = object.is_object() ? object.find(key) : object.end();
    return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::string pooling_kind(const Json& config, const std::string& where) {
    std::string found = text_of(config, "pooling_mode");  // newer files say it in one word
    int kinds = found.empty() ? 0 : 1;
    for (auto& [key, value] : config.items())
        if (key.rfind("pooling_mode_", 0) == 0 && is_true(config, key)) {
            ++kinds;
            found = key;
        }
    for (auto& kind : kKinds)
        if (kinds == 1 && (found == kind.key || found == kind.name)) return kind.name;
    throw Error(where + " asks for pooling " + quote(kinds > 1 ? "of several kinds" : found),
                "one of mean, cls, max, lasttoken");
}

// Where sentence-transformers 6, 4 and older ones keep what a cross-encoder's score goes through.
void read_activation(LanguageModel& model, const fs::path& in) {
    const Json own = json_if_there(in / "config_sentence_transformers.json"),
               config = json_if_there(in / "config.json");
    model.activation = text_of(own, "activation_fn");
    if (model.activation.empty() && config.is_object() && config.contains("sentence_transformers"))
        model.activation = text_of(config["sentence_transformers"], "activation_fn");
    if (model.activation.empty())
        model.activation = text_of(config, "sbert_ce_default_activation_function");
}

}  // namespace

void read_pooling(LanguageModel& model, const std::string& folder) {
    fs::path in = folder;
    read_activation(model, in);
    Json limit = json_if_there(in / "sentence_bert_config.json");
    if (limit.is_object() && limit.contains("max_seq_length") &&
        limit["max_seq_length"].is_number())
        model.max_seq_length = limit["max_seq_length"].get<int>();
    Json modules = json_if_there(in / "modules.json");
    if (!modules.is_array()) return;
    for (auto& module : modules) {
        std::string type = text_of(module, "type");
        type = type.substr(type.rfind('.') + 1);  // sentence_transformers.models.Pooling
        if (type == "Normalize") model.normalize = true;
        if (type != "Pooling") continue;
        std::string at = (in / text_of(module, "path") / "config.json").string();
        Json config = read_json(at);
        if (!config.is_object()) throw Error(at + " holds no object", "the settings of a pooling");
        model.pooling = pooling_kind(config, at);
    }
}

void save_pooling(const LanguageModel& model, const std::string& folder) {
    const Classifier* head = model.network->classifier();
    if (head && head->labels.size() == 1) {  // no embedder: modules.json would make it one
        if (!model.activation.empty())
            write_file((fs::path(folder) / "config_sentence_transformers.json").string(),
                       dump_json({{"activation_fn", model.activation}}) + "\n");
        return;
    }
    fs::path to = folder;
    auto put = [&](const fs::path& file, const Json& json) {
        write_file((to / file).string(), dump_json(json) + "\n");
    };
    Json config = {{"word_embedding_dimension", model.network->hidden_size()}};
    for (auto& kind : kKinds) config[kind.key] = model.pooling == kind.name;
    std::error_code failed;
    fs::create_directories(to / "1_Pooling", failed);  // write_file tells of what went wrong
    put("1_Pooling/config.json", config);
    Json modules = Json::array();
    auto stage = [&](const char* path, const char* type) {
        size_t i = modules.size();
        modules.push_back({{"idx", i},
                           {"name", std::to_string(i)},
                           {"path", path},
                           {"type", std::string("sentence_transformers.models.") + type}});
    };
    stage("", "Transformer");
    stage("1_Pooling", "Pooling");
    if (model.normalize) stage("2_Normalize", "Normalize");
    put("modules.json", modules);
    if (model.max_seq_length > 0)
        put("sentence_bert_config.json",
            {{"max_seq_length", model.max_seq_length}, {"do_lower_case", false}});
}

}  // namespace moonlet
