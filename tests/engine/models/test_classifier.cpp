// SPDX-License-Identifier: Apache-2.0
// Classification heads: transformers' scores (scripts/golden/classifiers.py), and new ones saved
// and opened again.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "support.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

at::Tensor scores_of(Model& model, const at::Tensor& ids, const at::Tensor& mask) {
    at::NoGradGuard no_grad;
    ModelInput input;
    input.ids = ids;
    input.mask = mask;
    REQUIRE(model.classifier());
    return (*model.classifier())(model.hidden(input), mask);
}

}  // namespace

TEST_CASE("classifiers give transformers' scores") {
    for (const char* name :
         {"llama", "gpt2", "bert", "roberta", "xlm-roberta", "distilbert", "bert-tokens",
          "roberta-tokens", "distilbert-tokens", "llama-tokens"}) {
        const std::string folder = golden(std::string("classifiers/") + name).string();
        std::map<std::string, at::Tensor> wanted;
        for (const auto& [key, view] : Safetensors::open(folder + "/golden.safetensors").tensors())
            wanted[key] = tensor_of(view);
        auto model = load_model(folder, {std::nullopt, "cpu"});
        INFO(name);
        at::Tensor mask = wanted.at("mask"), theirs = wanted.at("scores");
        at::Tensor ours = scores_of(*model, wanted.at("ids"), mask);
        if (theirs.dim() == 3) {  // a label for each token, and there padding has none
            CHECK(model->classifier()->pooling == "");
            ours = ours.index({mask});
            theirs = theirs.index({mask});
        }
        std::printf("classifier %-17s %.1e\n", name, difference(ours, theirs));
        CHECK(difference(ours, theirs) < 1e-5);
        CHECK(model->classifier()->labels == std::vector<std::string>{"bad", "fair", "good"});
    }
}

TEST_CASE("a new head is saved with its model and opened again") {
    at::Tensor ids = at::tensor({5, 7, 9, 3, 1, 0}, at::kLong).view({2, 3}), mask = ids > 0;
    for (const std::string& family : Families::names()) {
        INFO(family);
        auto model = new_model({{"model_type", family}, {"vocab_size", 20}}, 3, at::kFloat, "cpu");
        model->add_classifier({"no", "yes"}, "", 7);
        const std::string folder = scratch() / ("head-" + family);
        save_model(*model, folder);
        auto again = load_model(folder, {std::nullopt, "cpu"});
        CHECK(again->classifier()->labels == std::vector<std::string>{"no", "yes"});
        // Not to the bit: products of single rows go by where the weights lie in memory.
        CHECK(difference(scores_of(*again, ids, mask), scores_of(*model, ids, mask)) < 1e-5);
        CHECK_THROWS_AS(model->add_classifier({"no", "yes"}, "", 7), Error);
    }
    auto model = new_model({{"model_type", "bert"}}, 3, at::kFloat, "cpu");
    CHECK_THROWS_WITH(model->add_classifier({"yes"}, "", 1), Catch::Contains("two different"));
    CHECK_THROWS_WITH(model->add_classifier({"a", "a"}, "", 1), Catch::Contains("twice"));
    CHECK_THROWS_WITH(model->add_classifier({"a", "b"}, "sum", 1), Catch::Contains("lasttoken"));
}
