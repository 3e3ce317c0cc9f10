// SPDX-License-Identifier: Apache-2.0
// What one sees inside a network: states and attention of every layer as transformers gives them,
// routes of mixtures of experts, and that looking changes nothing.
#include <catch2/catch.hpp>
#include <set>

#include "core/error.h"
#include "formats/safetensors.h"
#include "generation/inspect.h"
#include "models/sources.h"
#include "tests/support/test.h"
#include "tiny.h"

using namespace moonlet;

namespace {

std::map<std::string, at::Tensor> golden_tensors() {
    std::map<std::string, at::Tensor> result;
    Safetensors file = Safetensors::open(test::golden("generation/inspect.safetensors").string());
    for (const auto& [key, view] : file.tensors()) result[key] = tensor_of(view).clone();
    return result;
}

LanguageModel bare(const std::string& name) {
    LanguageModel model;
    model.name = name;
    LoadOptions options;
    options.dtype = at::kFloat;
    model.network = load_model(test::golden("models/" + name).string(), options);
    return model;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace

TEST_CASE("states, attention and routes are transformers'", "[inspect]") {
    const auto golden = golden_tensors();
    std::set<std::string> names;
    for (const auto& [key, tensor] : golden) names.insert(key.substr(0, key.find('.')));
    REQUIRE(names.size() >= 4);
    for (const std::string& name : names) {
        INFO(name);
        LanguageModel model = bare(name);
        at::Tensor given = golden.at(name + ".ids");
        std::vector<int> ids;
        for (int64_t i = 0; i < given.size(0); ++i) ids.push_back(given[i].item<int>());
        at::Tensor hidden = hidden_states(model, ids);
        REQUIRE(hidden.sizes() == golden.at(name + ".hidden").sizes());
        CHECK(difference(hidden, golden.at(name + ".hidden")) <= 2e-4);
        at::Tensor attention = golden.at(name + ".attention");
        for (int64_t layer = 1; layer <= attention.size(0); ++layer)
            CHECK(difference(attention_weights(model, ids, layer), attention[layer - 1]) <= 2e-5);
        if (!golden.count(name + ".router")) {
            CHECK_THROWS_AS(routes(model, ids), Error);
            continue;
        }
        // the experts with the largest probabilities, the largest first
        at::Tensor router = golden.at(name + ".router");
        std::vector<Route> ours = routes(model, ids);
        REQUIRE(int64_t(ours.size()) == router.size(0));
        for (size_t layer = 0; layer < ours.size(); ++layer) {
            int64_t k = ours[layer].experts.size(1);
            at::Tensor best = std::get<1>(router[int64_t(layer)].topk(k, -1));
            CHECK(at::equal(ours[layer].experts, best));
        }
    }
}

TEST_CASE("looking into a model changes nothing and checks what it is given", "[inspect]") {
    LanguageModel model = bare("llama-gqa");
    std::vector<int> ids = {1, 2, 3, 4, 5};
    at::Tensor before = logits_of(model, ids);
    hidden_states(model, ids);
    attention_weights(model, ids, 1);
    CHECK(at::equal(before, logits_of(model, ids)));
    CHECK_THROWS_AS(hidden_states(model, {}), Error);
    CHECK_THROWS_AS(hidden_states(model, {1, 1000}), Error);
    CHECK_THROWS_AS(hidden_states(model, {-1}), Error);
    CHECK_THROWS_AS(attention_weights(model, ids, 0), Error);
    CHECK_THROWS_AS(attention_weights(model, ids, 3), Error);
}
