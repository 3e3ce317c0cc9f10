// SPDX-License-Identifier: Apache-2.0
// Filtered distributions against transformers' LogitsProcessors and Warpers; draws against the
// distribution they are taken from.
#include "generation/sampler.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "tests/support/test.h"

using namespace moonlet;

namespace {

at::Tensor row_of(const Json& values) {
    return at::tensor(values.get<std::vector<float>>(), at::kFloat);
}

SamplerOptions options_of(const Json& c) {
    SamplerOptions o;
    o.temperature = c.value("temperature", 0.0);
    o.top_k = c.value("top_k", 0);
    o.top_p = c.value("top_p", 1.0);
    o.min_p = c.value("min_p", 0.0);
    o.repetition_penalty = c.value("repetition_penalty", 1.0);
    return o;
}

}  // namespace

TEST_CASE("filtered probabilities are those of transformers", "[sampler]") {
    Json golden = read_json(test::golden("generation/sampler.json"));
    auto seen = golden["seen"].get<std::vector<int>>();
    REQUIRE(golden["cases"].size() >= 40);
    for (auto& c : golden["cases"]) {
        at::Tensor logits = row_of(golden["rows"][c["row"].get<std::string>()]);
        SamplerOptions o = options_of(c);
        apply_repetition_penalty(logits, seen, o.repetition_penalty);
        at::Tensor ours = filtered_probabilities(logits, o), theirs = row_of(c["probabilities"]);
        Json head = c;
        head.erase("probabilities");
        INFO(head.dump());
        // Which of several equal logits falls off the border of top_p is left to torch's unstable
        // sort there: inside a group of equals the probabilities are compared as sets.
        std::map<float, std::pair<std::vector<float>, std::vector<float>>> groups;
        for (int64_t i = 0; i < logits.numel(); ++i) {
            auto& group = groups[logits[i].item<float>()];
            group.first.push_back(ours[i].item<float>());
            group.second.push_back(theirs[i].item<float>());
        }
        for (auto& [logit, group] : groups) {
            std::sort(group.first.begin(), group.first.end());
            std::sort(group.second.begin(), group.second.end());
            for (size_t i = 0; i < group.first.size(); ++i)
                REQUIRE(group.first[i] == Approx(group.second[i]).epsilon(1e-5).margin(1e-9));
        }
    }
}

TEST_CASE("among equals the lower id is kept and taken", "[sampler]") {
    at::Tensor logits = at::zeros({10});
    CHECK(filtered_probabilities(logits, {.temperature = 1, .top_p = 0.25})
              .allclose(at::tensor({1, 1, 1, 0, 0, 0, 0, 0, 0, 0}, at::kFloat) / 3));
    Random random(1);
    CHECK(sample(logits, {}, random) == 0);
    CHECK(filtered_probabilities(logits, {.temperature = 1, .top_k = 3}).min().item<float>() > 0);
}

TEST_CASE("top_p over a large vocabulary keeps the smallest sufficient set", "[sampler]") {
    at::manual_seed(3);
    at::Tensor logits = at::randn({50000});
    at::Tensor p = filtered_probabilities(logits, {.temperature = 1, .top_p = 0.9});
    at::Tensor whole = logits.to(at::kDouble).softmax(0);
    double kept = whole.masked_select(p > 0).sum().item<double>();
    double least = whole.masked_select(p > 0).min().item<double>();
    CHECK(kept >= 0.9 - 1e-6);
    CHECK(kept - least < 0.9);
    CHECK(p.sum().item<double>() == Approx(1.0).epsilon(1e-5));
}

TEST_CASE("draws follow the distribution, the seed repeats them", "[sampler]") {
    at::Tensor logits = at::tensor({1.0, 0.0, -1.0, 2.0, -40.0}, at::kFloat);
    SamplerOptions options{.temperature = 0.8, .min_p = 0.02};
    at::Tensor p = filtered_probabilities(logits, options);
    Random random(11), again(11), other(12);
    const int draws = 5000;
    std::vector<int> counts(5), first, second, third;
    for (int i = 0; i < draws; ++i) first.push_back(sample(logits, options, random));
    for (int i = 0; i < draws; ++i) second.push_back(sample(logits, options, again));
    for (int i = 0; i < draws; ++i) third.push_back(sample(logits, options, other));
    CHECK(first == second);
    CHECK(first != third);
    for (int id : first) ++counts[id];
    for (int id = 0; id < 5; ++id) {
        double wanted = p[id].item<double>() * draws;
        CHECK(std::abs(counts[id] - wanted) <= 5 * std::sqrt(wanted));  // five standard deviations
    }
}

TEST_CASE("greedy touches no random number", "[sampler]") {
    Random random(5);
    auto before = random.state();
    CHECK(sample(at::tensor({0.0, 3.0, 3.0, 1.0}, at::kFloat), {}, random) == 1);
    CHECK(random.state() == before);
}

TEST_CASE("extreme temperatures and broken logits", "[sampler]") {
    Random random(5);
    at::Tensor logits = at::tensor({5.0, 30.0, 29.0}, at::kFloat);
    CHECK(sample(logits, {.temperature = 1e-300}, random) == 1);
    CHECK(filtered_probabilities(logits, {.temperature = 1e-6})[1].item<float>() == 1.0f);
    float inf = std::numeric_limits<float>::infinity();
    at::Tensor masked = at::tensor({-inf, 0.0f, -inf}, at::kFloat);
    CHECK(sample(masked, {.temperature = 1}, random) == 1);
    CHECK_THROWS_WITH(sample(at::tensor({0.0f, std::nanf("")}, at::kFloat), {}, random),
                      Catch::Contains("NaN"));
    CHECK_THROWS_AS(sample(at::full({3}, -inf), {.temperature = 1}, random), Error);
}

TEST_CASE("a penalised id outside the head is passed over", "[sampler]") {
    at::Tensor logits = at::tensor({2.0, -2.0, 0.5}, at::kFloat);
    apply_repetition_penalty(logits, {0, 1, 0, 7}, 2.0);
    CHECK(logits.equal(at::tensor({1.0, -4.0, 0.5}, at::kFloat)));
}
