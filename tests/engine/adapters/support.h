// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: the tiny models of tests/golden/models, their answers, and
// adapters whose B is not zero.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "adapters/adapter.h"
#include "core/random.h"
#include "formats/safetensors.h"
#include "models/model.h"
#include "models/sources.h"
#include "tests/support/test.h"

namespace moonlet::test {

inline std::vector<std::string> folders_in(const std::string& golden_name) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(golden(golden_name)))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

inline std::shared_ptr<Model> model_named(const std::string& name) {
    return load_model(golden("models/" + name).string(), {std::nullopt, "cpu"});
}

inline at::Tensor some_ids(int64_t count = 9) {
    at::Tensor ids = at::empty({1, count}, at::kLong);
    for (int64_t i = 0; i < count; ++i) ids[0][i] = (7 + i * 13) % 50;
    return ids;
}

// Logits, or the states of a model without a head.
inline at::Tensor answer(Model& model, const at::Tensor& ids = some_ids()) {
    at::NoGradGuard no_grad;
    ModelInput input;
    input.ids = ids.remainder(model.vocab_size());
    at::Tensor states = model.hidden(input);
    bool head = model.causal();
    for (const auto& entry : model.parameters().entries())
        head |= entry.name == "cls.predictions.bias";
    return head ? model.logits(states) : states;
}

inline double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
    return a.scalar_type() == b.scalar_type() && at::equal(a, b);
}

// B drawn, so that the adapter does something.
inline Adapter& noisy(Model& model, const std::string& name, LoraConfig config = {},
                      uint64_t seed = 3) {
    Adapter& adapter = Adapters::of(model).add(name, config, seed, "");
    Random random(seed + 100);
    for (AdapterLayer& layer : adapter.layers) {
        float* values = layer.b.data_ptr<float>();
        for (int64_t i = 0; i < layer.b.numel(); ++i) values[i] = float(random.normal() * 0.1);
    }
    return adapter;
}

}  // namespace moonlet::test
