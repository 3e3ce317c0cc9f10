// SPDX-License-Identifier: Apache-2.0
// What the trainers' tests share: a tiny new model, rows of random ids, and a comparison of
// weights.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "models/model.h"
#include "test.h"
#include "trainers/trainer.h"

namespace moonlet::test {

inline std::vector<std::string> decoders() {
    std::vector<std::string> names;
    for (const std::string& family : Families::names())
        if (Families::get(family).causal) names.push_back(family);
    return names;
}

inline std::shared_ptr<LanguageModel> tiny_model(at::ScalarType dtype = at::kFloat,
                                                 const std::string& family = "llama") {
    auto model = std::make_shared<LanguageModel>();
    Json config = {{"model_type", family}, {"vocab_size", 64}};
    if (family == "gpt2" || family == "openai-gpt")
        config.update({{"n_embd", 32}, {"n_layer", 2}, {"n_head", 4}, {"n_positions", 64}});
    else
        config.update({{"hidden_size", 32},
                       {"intermediate_size", 48},
                       {"num_hidden_layers", 2},
                       {"num_attention_heads", 4},
                       {"num_key_value_heads", 2},
                       {"max_position_embeddings", 64},
                       {"head_dim", 8},
                       {"initializer_range", 0.1}});
    model->network = new_model(config, 5, dtype, "cpu");
    model->name = "tiny";
    return model;
}

// Documents of 2 to 40 ids below 64, the same for the same seed.
inline Rows random_rows(int count, uint64_t seed = 1) {
    Random random(seed);
    Rows rows;
    for (int i = 0; i < count; ++i) {
        Json ids = Json::array();
        for (uint64_t n = 2 + random.below(39); n > 0; --n) ids.push_back(random.below(64));
        rows.push_back({{"input_ids", ids}});
    }
    return rows;
}

inline std::map<std::string, at::Tensor> weights(LanguageModel& model) {
    std::map<std::string, at::Tensor> result;
    for (const auto& entry : model.network->parameters().entries())
        result[entry.name] = entry.tensor.detach().clone();
    return result;
}

// The greatest absolute difference; infinite when names or shapes differ.
inline double difference(const std::map<std::string, at::Tensor>& a,
                         const std::map<std::string, at::Tensor>& b) {
    double most = a.size() == b.size() ? 0 : INFINITY;
    for (const auto& [name, tensor] : a) {
        auto other = b.find(name);
        if (other == b.end() || other->second.sizes() != tensor.sizes()) return INFINITY;
        at::Tensor gap = (tensor.to(at::kDouble) - other->second.to(at::kDouble)).abs().max();
        most = std::max(most, gap.item<double>());
    }
    return most;
}

}  // namespace moonlet::test
