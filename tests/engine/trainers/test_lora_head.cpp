// SPDX-License-Identifier: Apache-2.0
// tune = "lora" under trainers.classify: the head is trained whole, travels with the adapter, and
// the base that was given has none.
#include <catch2/catch.hpp>

#include "adapters/adapter.h"
#include "ops/grad.h"
#include "support.h"
#include "trainers/checkpoint.h"

using namespace moonlet;
using Catch::Contains;
using test::difference;
using test::tiny_model;
using test::weights;

namespace {

// Ids below 32 are "low", the others "high".
Rows halves(int count) {
    Random random(1);
    Rows rows;
    for (int i = 0; i < count; ++i) {
        Json ids = Json::array();
        for (uint64_t n = 1 + random.below(6); n > 0; --n)
            ids.push_back((i % 2 ? 32 : 0) + random.below(32));
        rows.push_back({{"input_ids", ids}, {"label", i % 2 ? "high" : "low"}});
    }
    return rows;
}

Json options(Json more = Json::object()) {
    Json base = {{"tune", "lora"}, {"lr", 1e-2},       {"max_steps", 6},  {"rank", 4},
                 {"seed", 3},      {"max_length", 20}, {"batch_size", 4}, {"warmup_ratio", 0}};
    base.update(more);
    return base;
}

std::map<std::string, at::Tensor> all_of(LanguageModel& model) {
    auto result = weights(model);
    for (const auto& entry : Adapters::tensors(*Adapters::of(*model.network).list().at(0)))
        result[entry.name] = entry.tensor.detach().clone();
    return result;
}

at::Tensor scores(LanguageModel& model) {
    at::NoGradGuard no_grad;
    ModelInput input;
    input.ids = at::arange(6, at::kLong).reshape({1, 6}) * 7;
    return (*model.network->classifier())(model.network->hidden(input),
                                          at::ones({1, 6}, at::kBool));
}

}  // namespace

TEST_CASE("a classifier's head travels with its adapter", "[lora]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto base = tiny_model(dtype);
        const auto before = weights(*base);
        // All rows in each step, so that losses can be compared.
        auto trainer = Trainer::make("classify", base, halves(16), options({{"batch_size", 16}}));
        trainer->run();
        CHECK(trainer->history().back().loss < trainer->history().front().loss);
        CHECK(base->network->classifier() == nullptr);
        CHECK(difference(before, weights(*base)) == 0);
        auto tuned = trainer->model();
        REQUIRE(tuned->network->classifier() != nullptr);
        const std::string folder = (test::scratch() / "head").string();
        Adapters::of(*tuned->network).save("lora", folder);
        CHECK(read_json(folder + "/adapter_config.json")["modules_to_save"] == Json({"score"}));

        auto fresh = tiny_model(dtype);
        Adapters& set = Adapters::of(*fresh->network);
        CHECK_FALSE(set.load("a", folder).other_base);
        set.use({{"a", 1}});
        REQUIRE(fresh->network->classifier() != nullptr);
        CHECK(fresh->network->classifier()->labels == std::vector<std::string>{"high", "low"});
        CHECK(at::equal(scores(*fresh), scores(*tuned)));
        // A head of other labels is not exchanged unseen.
        auto other = tiny_model(dtype);
        other->network->add_classifier({"one", "two"}, "", 1);
        const auto there = weights(*other);
        CHECK_THROWS_WITH(Adapters::of(*other->network).load("a", folder), Contains("labels"));
        CHECK(difference(there, weights(*other)) == 0);
        CHECK(Adapters::of(*other->network).list().empty());
    }
}

TEST_CASE("a classifier under an adapter resumes bit for bit", "[lora]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto straight = Trainer::make("classify", tiny_model(dtype), halves(16), options());
        straight->run();
        auto half = Trainer::make("classify", tiny_model(dtype), halves(16), options());
        for (int i = 0; i < 3; ++i) half->step();
        const std::string folder = (test::scratch() / "head-half").string();
        half->save(folder);
        auto resumed =
            Trainer::make("classify", tiny_model(dtype), halves(16), options({{"resume", folder}}));
        resumed->run();
        CHECK(difference(all_of(*straight->model()), all_of(*resumed->model())) == 0);
    }
}

TEST_CASE("a head that the base has is trained as a copy", "[lora]") {
    auto base = tiny_model();
    Trainer::make("classify", base, halves(16),
                  {{"lr", 1e-2}, {"max_steps", 2}, {"seed", 1}, {"max_length", 20}})
        ->run();
    const auto before = weights(*base);
    auto trainer = Trainer::make("classify", base, halves(16), options());
    trainer->run();
    CHECK(difference(before, weights(*base)) == 0);
    CHECK(difference(before, weights(*trainer->model())) > 0);
}
