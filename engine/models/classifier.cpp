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

const char* head_name(bool causal) { return causal ? "score" : "classifier"; }

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

// The family has made the pooler, if the checkpoint has one.
Linear pooler(const Parameters& parameters) {
    for (const auto& [name, linear] : parameters.linears())
        if (name == "pooler.dense" || name == "bert.pooler.dense") return linear;
    return {};
}

}  // namespace

at::Tensor Classifier::operator()(const at::Tensor& states, const at::Tensor& mask) const {
    at::Tensor x = ops::pool(states, mask, pooling).to(states.scalar_type());
    if (dense) x = dense(x).tanh();
    return score(x).to(at::kFloat);
}

bool has_classifier(const Json& config, const Parameters& parameters) {
    if (parameters.has("score.weight") || parameters.has("classifier.weight")) return true;
    const std::string wanted = "ForSequenceClassification";
    for (const std::string& name : Config(config, "config.json").strings("architectures"))
        if (name.size() > wanted.size() && name.ends_with(wanted)) return true;
    return false;
}

Classifier read_classifier(const Json& config, Parameters& parameters, int64_t hidden,
                           bool causal) {
    Classifier head;
    head.labels = labels_of(config, count_of(config));
    head.pooling = pooling_of(Config(config, "config.json"), causal);
    if (head.pooling == "cls") head.dense = pooler(parameters);
    const std::string name = parameters.has("score.weight")        ? "score"
                             : parameters.has("classifier.weight") ? "classifier"
                                                                   : head_name(causal);
    const bool bias = parameters.has(name + ".bias") || name == "classifier";
    head.score = parameters.linear(name, hidden, int64_t(head.labels.size()), bias);
    return head;
}

Classifier new_classifier(Json& config, Parameters& parameters, int64_t hidden, bool causal,
                          const std::vector<std::string>& labels, const std::string& pooling,
                          uint64_t seed) {
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
    if (head.pooling == "cls") head.dense = pooler(parameters);
    RandomSource random(seed);
    const std::string name = head_name(causal);
    const int64_t count = int64_t(labels.size());
    at::Tensor weight = parameters.add(
        name + ".weight",
        random.get(
            name + ".weight", {count, hidden},
            {Init::normal, Config(config, "config.json").number("initializer_range", 0.02)}));
    at::Tensor bias;
    if (!causal) bias = parameters.add(name + ".bias", at::zeros({count}));
    head.score = Linear(plain_weight(weight, bias));
    return head;
}

}  // namespace moonlet
