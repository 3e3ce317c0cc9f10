// SPDX-License-Identifier: Apache-2.0
#include "models/classifier.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "formats/config.h"
#include "models/sources.h"
#include "ops/pool.h"

namespace moonlet {

namespace {

constexpr const char* kPooling[] = {"cls", "mean", "max", "lasttoken"};

std::string pooling_of(const Config& config, bool causal) {
    std::string kind = config.string("classifier_pooling", causal ? "lasttoken" : "cls");
    if (std::find(std::begin(kPooling), std::end(kPooling), kind) == std::end(kPooling))
        throw Error("classifier_pooling " + quote(kind), "cls, mean, max or lasttoken");
    return kind;
}

std::vector<std::string> labels_of(const Json& config, int64_t count) {
    std::vector<std::string> labels;
    auto names = config.find("id2label");
    for (int64_t i = 0; i < count; ++i) {
        std::string key = std::to_string(i), label = "LABEL_" + key;
        if (names != config.end() && names->is_object() && names->contains(key)) {
            if (!(*names)[key].is_string())
                throw Error("id2label in config.json: " + (*names)[key].dump(), "a label's name");
            label = (*names)[key].get<std::string>();
        }
        labels.push_back(label);
    }
    return labels;
}

int64_t count_of(const Json& config) {
    if (config.contains("id2label") && config["id2label"].is_object())
        return int64_t(config["id2label"].size());
    return Config(config, "config.json").integer("num_labels", 2);  // transformers' default
}

// "LlamaForCausalLM", "BertModel" -> "LlamaForSequenceClassification", …: how transformers opens
// it.
void name_architecture(Json& config) {
    auto names = config.find("architectures");
    if (names == config.end() || !names->is_array() || names->empty()) return;
    std::string name = names->at(0).is_string() ? names->at(0).get<std::string>() : "";
    for (const char* part : {"For", "LMHead", "Model"})
        if (size_t at = name.find(part); at != std::string::npos && at > 0) name.resize(at);
    if (!name.empty()) *names = Json::array({name + "ForSequenceClassification"});
}

bool ends_with(const std::vector<std::string>& names, const std::string& end) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return name.size() > end.size() && name.ends_with(end);
    });
}

bool labels_tokens(const Json& config) {
    return ends_with(Config(config, "config.json").strings("architectures"),
                     "ForTokenClassification");
}

// The body's dense layer under whatever prefix the checkpoint has, if it has one.
Linear of_body(const Parameters& parameters, const std::string& layer) {
    for (const auto& [name, linear] : parameters.linears())
        if (name == layer || name.ends_with("." + layer)) return linear;
    return {};
}

}  // namespace

at::Tensor Classifier::operator()(const at::Tensor& states, const at::Tensor& mask) const {
    if (pooling.empty()) return score(states).to(at::kFloat);
    at::Tensor x = ops::pool(states, mask, pooling).to(states.scalar_type());
    if (dense) x = activation(dense(x));
    return score(x).to(at::kFloat);
}

bool is_classifier_name(const std::string& name) {
    for (const std::string head : {"score", "classifier", "pre_classifier"})
        if (name == head || name.rfind(head + ".", 0) == 0) return true;
    return false;
}

bool has_classifier(const Json& config, const Parameters& parameters) {
    for (const char* name : {"score", "classifier", "classifier.out_proj"})
        if (parameters.has(name + std::string(".weight"))) return true;
    return labels_tokens(config) ||
           ends_with(Config(config, "config.json").strings("architectures"),
                     "ForSequenceClassification");
}

Classifier read_classifier(const Json& config, Parameters& parameters, int64_t hidden, bool causal,
                           const HeadLayout& layout) {
    Classifier head;
    head.labels = labels_of(config, count_of(config));
    std::string name = layout.score;
    bool bias = layout.bias;
    if (labels_tokens(config)) {
        name = parameters.has("classifier.weight") || layout.dense ? "classifier" : "score";
        bias = true;
    } else {
        head.pooling = pooling_of(Config(config, "config.json"), causal);
        head.activation = ops::activation(layout.activation);
        if (layout.dense && !layout.of_body)
            head.dense = parameters.linear(layout.dense, hidden, hidden, true);
        else if (layout.dense && head.pooling == "cls")
            head.dense = of_body(parameters, layout.dense);
        bias |= parameters.has(name + ".bias");
    }
    head.score = parameters.linear(name, hidden, int64_t(head.labels.size()), bias);
    return head;
}

Classifier new_classifier(Json& config, Parameters& parameters, int64_t hidden, bool causal,
                          const HeadLayout& layout, const std::vector<std::string>& labels,
                          const std::string& pooling, uint64_t seed) {
    if (labels.size() < 2)
        throw Error("a classifier with " + std::to_string(labels.size()) + " label",
                    "at least two different labels");
    std::set<std::string> seen;
    for (const std::string& label : labels)
        if (!seen.insert(label).second) throw Error("label " + quote(label) + " given twice");
    config["classifier_pooling"] = !pooling.empty() ? pooling : causal ? "lasttoken" : "mean";
    Json names = Json::object(), ids = Json::object();
    for (size_t i = 0; i < labels.size(); ++i) {
        names[std::to_string(i)] = labels[i];
        ids[labels[i]] = i;
    }
    config["id2label"] = names;
    config["label2id"] = ids;
    name_architecture(config);
    Classifier head;
    head.labels = labels;
    head.pooling = pooling_of(Config(config, "the options"), causal);
    head.activation = ops::activation(layout.activation);
    const double std = Config(config, "config.json").number("initializer_range", 0.02);
    RandomSource random(seed);
    auto linear = [&](const std::string& name, int64_t out, bool biased) {
        at::Tensor bias,
            weight = parameters.add(
                name + ".weight", random.get(name + ".weight", {out, hidden}, {Init::normal, std}));
        if (biased) bias = parameters.add(name + ".bias", at::zeros({out}));
        return Linear(plain_weight(weight, bias));
    };
    if (layout.dense && !layout.of_body) head.dense = linear(layout.dense, hidden, true);
    else if (layout.dense && head.pooling == "cls") head.dense = of_body(parameters, layout.dense);
    head.score = linear(layout.score, int64_t(labels.size()), layout.bias);
    return head;
}

}  // namespace moonlet
