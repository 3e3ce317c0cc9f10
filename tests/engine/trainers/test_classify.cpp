// SPDX-License-Identifier: Apache-2.0
// trainers.classify: transformers' losses step by step (scripts/golden/classifiers.py), what is
// trained and what stays, and what it says of rows it cannot use.
#include "support.h"
#include "trainers/checkpoint.h"

using namespace moonlet;
using Catch::Contains;

namespace {

std::map<std::string, at::Tensor> golden_numbers(const std::string& name) {
    return read_tensors(test::golden("classifiers/" + name + "/golden.safetensors").string());
}

std::shared_ptr<LanguageModel> golden_model(const std::string& name) {
    auto model = std::make_shared<LanguageModel>();
    model->network = load_model(test::golden("classifiers/" + name).string());
    model->name = name;
    return model;
}

// The golden batch as rows of ids without padding.
Rows golden_rows(const std::map<std::string, at::Tensor>& numbers) {
    const std::vector<std::string> labels = {"bad", "fair", "good"};
    Rows rows;
    for (int64_t row = 0; row < numbers.at("ids").size(0); ++row) {
        Json ids = Json::array();
        for (int64_t i = 0; i < numbers.at("mask")[row].sum().item<int64_t>(); ++i)
            ids.push_back(numbers.at("ids")[row][i].item<int64_t>());
        const int64_t label = numbers.at("labels")[row].item<int64_t>();
        rows.push_back({{"input_ids", ids}, {"label", labels[size_t(label)]}});
    }
    return rows;
}

// Ids below 32 are "low", the others "high": a head can learn it.
Rows halves(int count, uint64_t seed) {
    Random random(seed);
    Rows rows;
    for (int i = 0; i < count; ++i) {
        const int base = i % 2 ? 32 : 0;
        Json ids = Json::array();
        for (uint64_t n = 1 + random.below(6); n > 0; --n) ids.push_back(base + random.below(32));
        rows.push_back({{"input_ids", ids}, {"label", base ? "high" : "low"}});
    }
    return rows;
}

std::string trouble(const Rows& rows, const Json& options = Json::object()) {
    try {
        Trainer::make("classify", test::tiny_model(), rows, options);
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("classifiers train as with torch and transformers", "[golden]") {
    for (const char* name : {"llama", "gpt2", "bert", "roberta", "xlm-roberta", "distilbert"}) {
        INFO(name);
        auto numbers = golden_numbers(name);
        const int steps = int(numbers.at("losses").size(0));
        auto trainer = Trainer::make("classify", golden_model(name), golden_rows(numbers),
                                     {{"lr", 1e-3},
                                      {"max_steps", steps},
                                      {"batch_size", 3},
                                      {"schedule", "constant"},
                                      {"warmup_ratio", 0},
                                      {"max_length", 20},
                                      {"seed", 1}});
        for (int i = 0; i < steps; ++i) {
            INFO("step " << i + 1);
            const StepRecord& ours = trainer->step();
            CHECK(ours.tokens == 3);
            CHECK(ours.loss == Approx(numbers.at("losses")[i].item<float>()).epsilon(1e-4));
            CHECK(ours.grad_norm == Approx(numbers.at("norms")[i].item<float>()).epsilon(1e-4));
        }
    }
}

TEST_CASE("layers says what learns besides the head") {
    for (const Json& layers : {Json("head"), Json(1), Json("all")}) {
        INFO(layers);
        auto model = test::tiny_model();
        auto before = test::weights(*model);
        auto trainer = Trainer::make(
            "classify", model, halves(8, 1),
            {{"layers", layers}, {"lr", 1e-2}, {"max_steps", 2}, {"max_length", 20}, {"seed", 1}});
        trainer->run();
        auto after = test::weights(*model);
        CHECK(after.count("score.weight") == 1);
        for (const auto& [name, tensor] : before) {
            INFO(name);
            const bool changed = !tensor.equal(after.at(name));
            const bool last = name.find("layers.1.") != std::string::npos;
            const bool norm = name == "model.norm.weight";
            const bool unused = name.find("lm_head") != std::string::npos;
            CHECK(changed ==
                  (!unused && (layers == "all" || (layers != "head" && (last || norm)))));
        }
    }
}

TEST_CASE("a head learns what can be learned, and goes on when it is there") {
    auto model = test::tiny_model();
    Json options = {{"lr", 1e-2}, {"epochs", 12}, {"max_length", 20}, {"seed", 1}};
    Trainer::make("classify", model, halves(64, 1), options)->run();
    REQUIRE(model->network->classifier());
    CHECK(model->network->classifier()->labels == std::vector<std::string>{"high", "low"});
    auto again = Trainer::make("classify", model, halves(64, 2), options);
    CHECK(again->step().loss < 0.2);
    CHECK_THROWS_WITH(
        Trainer::make("classify", model, {{{"input_ids", {1}}, {"label", "middle"}}}, options),
        Contains("row 1") && Contains("middle") && Contains("high"));
}

TEST_CASE("rows without what a classifier needs are named") {
    Rows rows = halves(4, 1);
    rows[2].erase("label");
    CHECK_THAT(trouble(rows), Contains("row 3") && Contains("label") && Contains("input_ids"));
    rows = halves(4, 1);
    rows[1].erase("input_ids");
    CHECK_THAT(trouble(rows), Contains("row 2") && Contains("text"));
    rows = halves(4, 1);
    CHECK_THAT(trouble(rows, {{"labels", {"low", "middle"}}}),
               Contains("row 2") && Contains("high") && Contains("middle"));
    CHECK_THAT(trouble({rows[0], rows[2]}), Contains("two labels"));
    CHECK_THAT(trouble(rows, {{"layers", 7}}), Contains("at most the model's 2"));
    CHECK_THAT(trouble(rows, {{"layers", "some"}}), Contains("head"));
    rows[3]["label"] = Json::array({1});
    CHECK_THAT(trouble(rows), Contains("row 4") && Contains("label"));
}
