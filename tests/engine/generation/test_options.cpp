// SPDX-License-Identifier: Apache-2.0
// Options of generate over a model's own defaults.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "generation/generator.h"

using namespace moonlet;

namespace {

GenerateOptions made(const Json& given, const Json& file = Json()) {
    check_options(given, GenerateOptions::rows(), "m:generate");
    return GenerateOptions::from_json(given, GenerationConfig::from_json(file, Json()));
}

}  // namespace

TEST_CASE("without anything said decoding is greedy", "[options]") {
    GenerateOptions o = made({});
    CHECK(o.temperature == 0);
    CHECK(o.max_tokens == 256);
    CHECK(o.top_k == 0);
    CHECK(o.repetition_penalty == 1.0);
    CHECK_FALSE(o.seed);
}

TEST_CASE("the model's own settings hold where nothing else is said", "[options]") {
    Json file = {{"do_sample", true},   {"temperature", 0.6}, {"top_k", 20},
                 {"top_p", 0.95},       {"min_p", 0.01},      {"repetition_penalty", 1.05},
                 {"max_new_tokens", 77}};
    GenerateOptions o = made({}, file);
    CHECK(o.temperature == 0.6);
    CHECK(o.top_k == 20);
    CHECK(o.top_p == 0.95);
    CHECK(o.min_p == 0.01);
    CHECK(o.repetition_penalty == 1.05);
    CHECK(o.max_tokens == 77);
    CHECK(made({{"temperature", 0}}, file).temperature == 0);
    CHECK(made({{"do_sample", false}}, file).temperature == 0);
    CHECK(made({{"do_sample", false}, {"temperature", 2}}, file).temperature == 0);
    CHECK(made({{"top_k", 0}, {"max_tokens", 5}}, file).max_tokens == 5);
    CHECK(made({{"top_k", 0}}, file).top_k == 0);
}

TEST_CASE("a temperature above 0 samples, do_sample takes the file's", "[options]") {
    Json file = {{"temperature", 0.7}};  // do_sample is not said: greedy
    CHECK(made({}, file).temperature == 0);
    CHECK(made({{"temperature", 0.3}}, file).temperature == 0.3);
    CHECK(made({{"do_sample", true}}, file).temperature == 0.7);
}

TEST_CASE("stop is one text or several, seed an integer", "[options]") {
    CHECK(made({{"stop", "a"}}).stop == std::vector<std::string>{"a"});
    CHECK(made({{"stop", {"a", "b"}}}).stop == std::vector<std::string>{"a", "b"});
    CHECK(made({{"stop", Json::object()}}).stop.empty());
    CHECK(*made({{"seed", 12.0}}).seed == 12);
}

TEST_CASE("values out of range name themselves", "[options]") {
    for (Json bad : {Json{{"temperature", -1}}, Json{{"top_k", -2}}, Json{{"top_p", 1.5}},
                     Json{{"min_p", -0.5}}, Json{{"repetition_penalty", 0}},
                     Json{{"max_tokens", 0}}, Json{{"seed", -4}}})
        CHECK_THROWS_WITH(made(bad), Catch::Contains(bad.begin().key()));
    CHECK_THROWS_WITH(made({{"temprature", 1}}), Catch::Contains("temperature"));
    CHECK_THROWS_AS(made({{"stop", 5}}), Error);
}

TEST_CASE("end ids come as one or many, from either file", "[options]") {
    auto ids = [](const Json& file, const Json& config) {
        return GenerationConfig::from_json(file, config).eos_token_ids;
    };
    CHECK(ids({{"eos_token_id", {3, 4}}}, {{"eos_token_id", 9}}) == std::vector<int>{3, 4});
    CHECK(ids(Json(), {{"eos_token_id", 9}}) == std::vector<int>{9});
    CHECK(ids({{"eos_token_id", nullptr}}, {{"eos_token_id", {7}}}) == std::vector<int>{7});
    CHECK(ids(Json(), Json()).empty());
    CHECK_THROWS_WITH(ids({{"eos_token_id", "</s>"}}, Json()), Catch::Contains("eos_token_id"));
    CHECK_THROWS_WITH(GenerationConfig::from_json({{"top_p", "high"}}, Json()),
                      Catch::Contains("top_p"));
}
