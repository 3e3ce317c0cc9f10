// SPDX-License-Identifier: Apache-2.0
// What cannot be trained is said in one clear line.
#include <catch2/catch.hpp>

#include "support.h"

using namespace moonlet;
using Catch::Contains;
using test::random_rows;
using test::tiny_model;

namespace {
void make(const Json& options, Rows rows = random_rows(3)) {
    Trainer::make("cpt", tiny_model(), rows, options);
}
}  // namespace

TEST_CASE("options are checked by name, type and range", "[options]") {
    CHECK_THROWS_WITH(make({{"learning_rate", 1e-3}}), Contains("learning_rate"));
    CHECK_THROWS_WITH(make({{"warmup_ration", 0.1}}), Contains("warmup_ratio"));
    CHECK_THROWS_WITH(make({{"lr", "fast"}}), Contains("number"));
    CHECK_THROWS_WITH(make({{"schedule", "wsd"}}), Contains("cosine"));
    CHECK_THROWS_WITH(make({{"tune", "half"}}), Contains("lora"));
    CHECK_THROWS_WITH(make({{"batch_size", 0}}), Contains("1 or more"));
    CHECK_THROWS_WITH(make({{"lr", -1}}), Contains("lr = -1"));
    CHECK_THROWS_WITH(make({{"max_length", 65}}), Contains("64 positions"));
    CHECK_THROWS_WITH(make({{"resume", "auto"}}), Contains("output"));
    CHECK_THROWS_WITH(Trainer::make("cpd", tiny_model(), random_rows(1), {}), Contains("cpt"));
    CHECK_NOTHROW(make({{"batch_size", 2.0}}));  // Lua's integers are doubles
}

TEST_CASE("the defaults are those of the table", "[options]") {
    TrainerOptions o = TrainerOptions::from_json({});
    std::map<std::string, double> numbers = {{"lr", o.lr},
                                             {"epochs", o.epochs},
                                             {"max_steps", o.max_steps},
                                             {"batch_size", o.batch_size},
                                             {"accumulate", o.accumulate},
                                             {"max_length", o.max_length},
                                             {"warmup_ratio", o.warmup_ratio},
                                             {"min_lr_ratio", o.min_lr_ratio},
                                             {"weight_decay", o.weight_decay},
                                             {"beta1", o.beta1},
                                             {"beta2", o.beta2},
                                             {"eps", o.eps},
                                             {"max_grad_norm", o.max_grad_norm},
                                             {"save_steps", o.save_steps},
                                             {"keep", o.keep}};
    for (const OptionRow& row : TrainerOptions::rows())
        if (auto it = numbers.find(row.name); it != numbers.end()) {
            INFO(row.name);
            CHECK(std::stod(row.default_value) == it->second);
            numbers.erase(it);
        }
    CHECK(numbers.empty());
    // A short model shortens the default.
    CHECK(Trainer::make("cpt", tiny_model(), random_rows(3), {})->options().max_length == 64);
}

TEST_CASE("rows that cannot be used are named", "[options]") {
    CHECK_THROWS_WITH(make({}, {}), Contains("no rows"));
    CHECK_THROWS_WITH(make({}, {{{"input_ids", {1, 64}}}}),
                      Contains("row 1") && Contains("0 to 63"));
    CHECK_THROWS_WITH(make({}, {{{"input_ids", {1, 2}}}, {{"input_ids", {1.5, 2}}}}),
                      Contains("row 2"));
    CHECK_THROWS_WITH(make({}, {{{"input_ids", "x"}}}), Contains("array"));
    CHECK_THROWS_WITH(make({}, {{{"content", "x"}, {"id", 1}}}), Contains("content, id"));
    CHECK_THROWS_WITH(make({}, {Json(3)}), Contains("text or input_ids"));
    CHECK_THROWS_WITH(make({}, {Json("some text")}), Contains("tokenizer"));
    CHECK_THROWS_WITH(make({}, {{{"input_ids", {7}}}}), Contains("no token to train on"));
}
