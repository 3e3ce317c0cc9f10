// SPDX-License-Identifier: Apache-2.0
#include "models/gguf_config.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "models/gguf_rope.h"
#include "models/sources.h"

namespace moonlet {

namespace {

Json value_at(const Json& config, const std::string& key) {
    auto it = config.find(key);
    return it == config.end() ? Json() : *it;
}

Json read(const GgufValue& value, GgufKeyRow::Kind kind) {
    if (kind == GgufKeyRow::boolean) return value.boolean();
    if (kind == GgufKeyRow::real) return shortest(float(value.number()));
    return value.integer();
}

// Where a layer has a window: all but every n-th.
std::vector<bool> windows(int64_t layers, int64_t period) {
    std::vector<bool> on;
    for (int64_t i = 0; i < layers; ++i) on.push_back((i + 1) % period != 0);
    return on;
}

// attention.sliding_window_pattern: a flag for each layer, or the period.
std::vector<bool> windows_of(const GgufModel& model, int64_t layers) {
    const GgufValue* pattern = model.find("attention.sliding_window_pattern");
    if (!pattern) return windows(layers, model.family().window_period);
    if (pattern->type() != GgufType::ARRAY)
        return windows(layers, std::clamp<int64_t>(pattern->integer(), 1, INT32_MAX));
    std::vector<bool> on;
    for (const Json& flag : pattern->json(size_t(layers) + 1))
        on.push_back(flag != 0 && flag != false);
    if (int64_t(on.size()) != layers)
        throw Error(model.where() + ": attention.sliding_window_pattern has " +
                        std::to_string(on.size()) + " flags",
                    "one for each of the " + std::to_string(layers) + " layers");
    return on;
}

std::vector<bool> windows_of(const Json& config, const GgufFamily& family, int64_t layers) {
    const Json types = value_at(config, "layer_types"),
               period = value_at(config, "sliding_window_pattern");
    if (!types.is_array())
        return windows(layers, period.is_number_integer()
                                   ? std::max<int64_t>(1, period.get<int64_t>())
                                   : family.window_period);
    std::vector<bool> on;
    for (const Json& type : types) on.push_back(type == "sliding_attention");
    return on;
}

// query_pre_attn_scalar, as llama.cpp takes it to be.
int64_t attention_scalar(const GgufFamily& family, int64_t layers, int64_t hidden, int64_t heads,
                         int64_t head_dim) {
    return layers == family.scalar_layers ? hidden / std::max<int64_t>(1, heads) : head_dim;
}

// Sizes that the network knows where config.json leaves them to defaults.
Json known_size(const Model& model, const std::string& key) {
    if (key == "block_count") return model.num_hidden_layers();
    if (key == "context_length") return model.max_positions();
    if (key == "embedding_length") return model.hidden_size();
    if (key == "attention.key_length") return model.head_dim();
    if (key == "attention.head_count_kv") return model.num_key_value_heads();
    return nullptr;
}

}  // namespace

double shortest(float value) {
    char text[64];
    auto end = std::to_chars(text, text + sizeof text, value).ptr;
    double result = 0;
    std::from_chars(text, end, result);
    return result;
}

GgufSizes gguf_sizes(const Json& config, const GgufFamily& family) {
    GgufSizes sizes;
    auto size = [&](const char* key, int64_t absent) {
        for (const GgufKeyRow& row : family.keys)
            if (row.key == key)
                if (Json value = value_at(config, row.config); value.is_number_integer())
                    return value.get<int64_t>();
        return absent;
    };
    sizes.heads = size("attention.head_count", 1);
    sizes.kv_heads = size("attention.head_count_kv", sizes.heads);
    for (const GgufTensorRow& row : family.tensors)
        if (row.move == GgufMove::positions) {
            Json padding = value_at(config, "pad_token_id");
            sizes.unused_positions = 1 + (padding.is_number_integer() ? padding.get<int64_t>() : 1);
        }
    return sizes;
}

Json config_from_gguf(const GgufModel& model) {
    const GgufFamily& family = model.family();
    Json config = {{"architectures", {family.hf_class}}, {"model_type", family.model_type}};
    for (const GgufKeyRow& row : family.keys) {
        if (row.config.empty()) continue;
        const GgufValue* value = model.find(row.key);
        if (!value && row.needed) model.head().get(family.architecture + "." + row.key);  // says so
        if (value) config[row.config] = read(*value, row.kind);
        else if (row.none) config[row.config] = nullptr;
        else if (!row.absent.is_null()) config[row.config] = row.absent;
    }
    for (const GgufFixedRow& row : family.fixed) config[row.config] = row.value;
    for (const GgufFlagRow& row : family.flags)
        config[row.config] = model.tensor(row.tensor) != nullptr;
    const GgufTensor* embedding = model.tensor("token_embd.weight");
    if (!embedding || embedding->shape.size() != 2)
        throw Error(model.where() + " has no tensor token_embd.weight of two dimensions",
                    "a model");
    config["vocab_size"] = embedding->shape[0];
    const bool decoder =
        !model.find("attention.causal") || model.find("attention.causal")->boolean();
    if (decoder) config["tie_word_embeddings"] = model.tensor("output.weight") == nullptr;
    rope_from_gguf(model, config);

    const int64_t layers = model.find("block_count")->integer();
    if (layers < 1 || layers > 100000)
        throw Error(model.where() + " has " + std::to_string(layers) +
                    " layers by its block_count");
    const Json window = value_at(config, "sliding_window");
    if (window == 0) config["sliding_window"] = nullptr;
    if (family.window_period > 0) {
        Json types = Json::array();
        for (bool on : windows_of(model, layers))
            types.push_back(on && !config["sliding_window"].is_null() ? "sliding_attention"
                                                                      : "full_attention");
        config["layer_types"] = types;
    }
    if (family.scalar_layers > 0)
        config["query_pre_attn_scalar"] = attention_scalar(
            family, layers, config["hidden_size"].get<int64_t>(),
            config["num_attention_heads"].get<int64_t>(),
            config.contains("head_dim")
                ? config["head_dim"].get<int64_t>()
                : config["hidden_size"].get<int64_t>() /
                      std::max<int64_t>(1, config["num_attention_heads"].get<int64_t>()));
    if (const GgufValue* labels = model.find("classifier.output_labels")) {
        Json names = Json::object(), ids = Json::object();
        size_t i = 0;
        labels->each_string([&](std::string_view label) {
            names[std::to_string(i)] = std::string(label);
            ids[std::string(label)] = i++;
        });
        config["id2label"] = names;
        config["label2id"] = ids;
    }
    if (model.tensor("cls.output.weight")) {
        std::string name = family.hf_class;
        if (name.ends_with("Model")) name.resize(name.size() - 5);
        config["architectures"] = {name + "ForSequenceClassification"};
    }
    for (const char* name : {"bos", "eos", "pad"}) {
        const std::string key = name == std::string("pad") ? "padding" : name;
        if (const GgufValue* id = model.find("tokenizer.ggml." + key + "_token_id"))
            config[std::string(name) + "_token_id"] = id->integer();
    }
    for (const GgufTensorRow& row : family.tensors)
        if (row.move == GgufMove::positions)  // the table has rows that no position uses
            config["max_position_embeddings"] = config["max_position_embeddings"].get<int64_t>() +
                                                gguf_sizes(config, family).unused_positions;
    config["dtype"] = dtype_words(main_dtype(model));
    return config;
}

std::vector<GgufEntry> config_to_gguf(const Model& model, const GgufFamily& family) {
    const Json& config = model.config();
    const std::string prefix = family.architecture + ".";
    std::vector<GgufEntry> entries;
    for (const GgufFixedRow& row : family.fixed) {
        Json said = value_at(config, row.config);
        if (said.is_null()) said = row.absent.is_null() ? row.value : row.absent;
        if (said != row.value)
            throw Error("config.json says " + row.config + " = " + said.dump(),
                        row.value.dump() + ", which is all that llama.cpp computes for " +
                            family.architecture,
                        "this model can only be saved as a Hugging Face folder");
    }
    if (family.check) family.check(config, model.num_hidden_layers());
    for (const GgufKeyRow& row : family.keys) {
        Json value = row.config.empty() ? row.absent : value_at(config, row.config);
        if (value.is_null() && !row.also.empty()) value = value_at(config, row.also);
        if (value.is_null()) value = known_size(model, row.key);
        // null in config.json is none, not the default; where 0 says so, 0 is written.
        if (value.is_null() && (!config.contains(row.config) || row.absent == 0))
            value = row.absent;
        if (value.is_null() && row.key == "feed_forward_length") value = 4 * model.hidden_size();
        if (value.is_null()) continue;
        const bool whole_key = row.key.rfind("tokenizer.", 0) == 0;
        entries.push_back({whole_key ? row.key : prefix + row.key,
                           row.kind == GgufKeyRow::boolean ? GgufType::BOOL
                           : row.kind == GgufKeyRow::real  ? GgufType::F32
                                                           : GgufType::U32,
                           value});
        if (row.key == "attention.key_length")
            entries.push_back({prefix + "attention.value_length", GgufType::U32, value});
    }
    for (const GgufTensorRow& row : family.tensors) {
        if (row.move != GgufMove::positions) continue;
        const int64_t unused = gguf_sizes(config, family).unused_positions;
        for (GgufEntry& entry : entries)
            if (entry.key == prefix + "context_length")
                entry.value = entry.value.get<int64_t>() - unused;
        // Where positions begin, even without a vocabulary.
        if (unused > 0)
            entries.push_back({"tokenizer.ggml.padding_token_id", GgufType::U32, unused - 1});
    }
    entries.push_back({prefix + "vocab_size", GgufType::U32, model.vocab_size()});
    if (const Classifier* head = model.classifier())
        entries.push_back(
            {prefix + "classifier.output_labels", GgufType::ARRAY, head->labels, GgufType::STRING});
    const int64_t layers = model.num_hidden_layers();
    if (family.window_period > 0) {
        const std::vector<bool> on = windows_of(config, family, layers);
        if (on != windows(layers, family.window_period)) {
            Json flags = Json::array();
            for (bool each : on) flags.push_back(each);
            entries.push_back({prefix + "attention.sliding_window_pattern", GgufType::ARRAY, flags,
                               GgufType::BOOL});
        }
    }
    if (family.scalar_layers > 0) {
        const int64_t wanted = attention_scalar(family, layers, model.hidden_size(),
                                                gguf_sizes(config, family).heads, model.head_dim());
        const Json said = value_at(config, "query_pre_attn_scalar");
        if ((said.is_null() ? Json(256) : said) != wanted)
            throw Error("config.json says query_pre_attn_scalar = " + said.dump(),
                        std::to_string(wanted) + ", which is what llama.cpp takes for it",
                        "this model can only be saved as a Hugging Face folder");
    }
    return entries;
}

}  // namespace moonlet
