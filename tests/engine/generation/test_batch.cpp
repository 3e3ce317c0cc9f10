// SPDX-License-Identifier: Apache-2.0
// Many texts at a time against each by itself.
#include "generation/batch.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/context.h"
#include "tiny.h"

using namespace moonlet;

namespace {

std::shared_ptr<LanguageModel> random_model(const Json& config, at::ScalarType dtype) {
    auto model = std::make_shared<LanguageModel>();
    model->name = config["model_type"];
    model->network = new_model(config, 3, dtype, "cpu");
    return model;
}

const std::vector<Json>& families() {
    static const std::vector<Json> configs = {
        {{"model_type", "llama"},
         {"hidden_size", 48},
         {"num_attention_heads", 6},
         {"num_key_value_heads", 2},
         {"num_hidden_layers", 2},
         {"vocab_size", 320}},
        {{"model_type", "qwen3"},
         {"hidden_size", 40},
         {"num_attention_heads", 4},
         {"num_key_value_heads", 1},
         {"head_dim", 16},
         {"num_hidden_layers", 2},
         {"vocab_size", 320}},
        {{"model_type", "gpt2"},
         {"n_embd", 48},
         {"n_layer", 2},
         {"n_head", 4},
         {"n_positions", 256},
         {"vocab_size", 320}},
        {{"model_type", "mistral"},
         {"hidden_size", 32},
         {"num_attention_heads", 4},
         {"num_key_value_heads", 2},
         {"num_hidden_layers", 2},
         {"sliding_window", 20},
         {"vocab_size", 320}},
        {{"model_type", "gemma3_text"},
         {"hidden_size", 32},
         {"num_attention_heads", 4},
         {"num_key_value_heads", 2},
         {"head_dim", 16},
         {"num_hidden_layers", 3},
         {"sliding_window", 24},
         {"vocab_size", 320}},
        {{"model_type", "gpt_oss"},
         {"hidden_size", 32},
         {"num_attention_heads", 4},
         {"num_key_value_heads", 2},
         {"head_dim", 8},
         {"num_hidden_layers", 2},
         {"sliding_window", 16},
         {"num_local_experts", 4},
         {"num_experts_per_tok", 2},
         {"vocab_size", 320}},
    };
    return configs;
}

// Different lengths, two that begin alike, two that are equal.
std::vector<std::vector<int>> some_prompts() {
    std::vector<std::vector<int>> prompts;
    for (int count : {5, 40, 1, 70, 33}) prompts.push_back(test::some_ids(count, count));
    prompts.push_back(prompts[3]);
    prompts.push_back(prompts[3]);
    prompts.back().resize(66);
    prompts.back().push_back(9);
    prompts.push_back(prompts[0]);
    return prompts;
}

GenerationResult alone(LanguageModel& model, const std::vector<int>& prompt,
                       GenerateOptions options, size_t index) {
    if (options.seed) *options.seed += index;
    return generate(model, prompt, options);
}

void check_equal(const GenerationResult& one, const GenerationResult& other) {
    CHECK(one.tokens == other.tokens);
    CHECK(one.text == other.text);
    CHECK(one.finish_reason == other.finish_reason);
    REQUIRE(one.logprobs.size() == other.logprobs.size());
    for (size_t i = 0; i < one.logprobs.size(); ++i)
        CHECK(one.logprobs[i].logprob == other.logprobs[i].logprob);
}

}  // namespace

TEST_CASE("with invariant each answer is, bit for bit, that of its prompt alone", "[batch]") {
    for (const Json& config : families())
        for (auto dtype : {at::kFloat, at::kBFloat16})
            for (double temperature : {0.0, 1.0}) {
                INFO(config["model_type"] << " " << c10::toString(dtype) << " " << temperature);
                auto model = random_model(config, dtype), fresh = random_model(config, dtype);
                BatchOptions options;
                options.invariant = true;
                options.batch_size = 3;
                options.generate.max_tokens = 12;
                options.generate.logprobs = true;
                options.generate.temperature = temperature;
                options.generate.seed = 5;
                const auto prompts = some_prompts();
                auto results = generate_batch(*model, prompts, options);
                REQUIRE(results.size() == prompts.size());
                for (size_t i = 0; i < prompts.size(); ++i) {
                    check_equal(results[i], alone(*fresh, prompts[i], options.generate, i));
                    CHECK(results[i].seed == 5 + i);
                    CHECK(results[i].prompt_ids == prompts[i]);
                }
            }
}

TEST_CASE("rows of one call say what they say alone, up to rounding", "[batch]") {
    for (const Json& config : families()) {
        INFO(config["model_type"]);
        auto model = random_model(config, at::kFloat), fresh = random_model(config, at::kFloat);
        BatchOptions options;
        options.batch_size = 8;
        options.generate.max_tokens = 40;
        options.generate.logprobs = true;
        const auto prompts = some_prompts();
        auto results = generate_batch(*model, prompts, options);
        for (size_t i = 0; i < prompts.size(); ++i) {
            auto wanted = generate(*fresh, prompts[i], options.generate);
            CHECK(results[i].tokens == wanted.tokens);
            for (size_t t = 0; t < wanted.logprobs.size(); ++t)
                CHECK(results[i].logprobs[t].logprob ==
                      Approx(wanted.logprobs[t].logprob).margin(1e-4));
        }
    }
}

TEST_CASE("where native kernels read the rows, company changes no bit", "[batch]") {
    for (size_t family : {0, 1, 3, 4})
        for (auto dtype : {at::kFloat, at::kBFloat16}) {
            const Json& config = families()[family];
            INFO(config["model_type"] << " " << c10::toString(dtype));
            auto model = random_model(config, dtype), fresh = random_model(config, dtype);
            BatchOptions options;
            options.batch_size = 8;
            options.generate.max_tokens = 20;
            options.generate.logprobs = true;
            options.generate.temperature = 1;
            options.generate.seed = 5;
            const auto prompts = some_prompts();
            auto results = generate_batch(*model, prompts, options);
            for (size_t i = 0; i < prompts.size(); ++i)
                check_equal(results[i], alone(*fresh, prompts[i], options.generate, i));
        }
}

TEST_CASE("what prompts have in common is read once", "[batch]") {
    auto model = test::tiny();
    std::vector<std::vector<int>> prompts(6, test::some_ids(100));
    for (int i = 0; i < 3; ++i) prompts[size_t(i)].push_back(7 + i);
    BatchOptions options;
    options.generate.max_tokens = 3;
    options.batch_size = 2;
    auto results = generate_batch(*model, prompts, options);
    CHECK(results[0].cached_tokens == 0);
    CHECK(results[1].cached_tokens == 64);  // whole blocks
    CHECK(results[3].cached_tokens == 64);
    CHECK(results[4].cached_tokens == 100);  // the same prompt: all of it
    CHECK(results[5].cached_tokens == 100);
    CHECK(results[5].tokens == results[3].tokens);
}

TEST_CASE("a prompt that fails takes no other with it", "[batch]") {
    // A NaN that only one token brings: its embedding's, in a model whose head is another matrix.
    auto model = random_model({{"model_type", "llama"},
                               {"hidden_size", 32},
                               {"num_attention_heads", 4},
                               {"num_hidden_layers", 2},
                               {"vocab_size", 320},
                               {"max_position_embeddings", 128},
                               {"tie_word_embeddings", false}},
                              at::kFloat);
    {
        c10::InferenceMode guard;
        for (auto& entry : model->network->parameters().entries())
            if (entry.name.find("embed_tokens") != std::string::npos)
                entry.tensor[5].fill_(std::numeric_limits<float>::quiet_NaN());
    }
    std::vector<std::vector<int>> prompts = {{7, 8, 9},           {7, 5, 9}, {},
                                             test::some_ids(200), {7, 400},  {10, 11}};
    BatchOptions options;
    options.generate.max_tokens = 5;
    auto results = generate_batch(*model, prompts, options);
    for (size_t i : {size_t(0), size_t(5)}) {
        CHECK(results[i].finish_reason == "length");
        CHECK(results[i].error.empty());
        CHECK(results[i].tokens == generate(*model, prompts[i], options.generate).tokens);
    }
    CHECK_THAT(results[1].error, Catch::Contains("NaN"));
    CHECK_THAT(results[2].error, Catch::Contains("at least one"));
    CHECK_THAT(results[3].error, Catch::Contains("context"));
    CHECK_THAT(results[4].error, Catch::Contains("400"));
    for (size_t i = 1; i < 5; ++i) CHECK(results[i].finish_reason == "error");
    options.batch_size = 0;
    CHECK_THROWS_AS(generate_batch(*model, prompts, options), Error);
    CHECK(generate_batch(*model, {}, BatchOptions()).empty());
}

TEST_CASE("a listener hears every row and may end one", "[batch]") {
    auto model = test::tiny();
    const std::vector<std::vector<int>> prompts = {test::some_ids(20), test::some_ids(30, 1),
                                                   test::some_ids(9, 2)};
    BatchOptions options;
    options.generate.max_tokens = 10;
    options.generate.ignore_eos = true;
    std::vector<std::string> heard(3);
    auto results = generate_batch(*model, prompts, options, [&](size_t i, const std::string& s) {
        heard[i] += s;
        return i != 1;
    });
    CHECK(results[1].finish_reason == "callback");
    CHECK(results[1].tokens.size() < 10);
    for (size_t i = 0; i < 3; ++i) CHECK(heard[i] == results[i].text);
    CHECK(results[0].tokens == generate(*model, prompts[0], options.generate).tokens);
    CHECK(results[2].finish_reason == "length");
}

TEST_CASE("an interrupt at any token gives what there is, and the next call is right", "[batch]") {
    auto model = test::tiny();
    const std::vector<std::vector<int>> prompts = {test::some_ids(20), test::some_ids(90, 1),
                                                   test::some_ids(9, 2)};
    BatchOptions options;
    options.batch_size = 2;
    options.generate.max_tokens = 6;
    options.generate.ignore_eos = true;
    const auto whole = generate_batch(*model, prompts, options);
    std::set<size_t> lengths;
    for (int at = 0; at < 18; ++at) {
        int calls = 0;
        auto part = generate_batch(*model, prompts, options, [&](size_t, const std::string&) {
            if (calls++ == at) interrupt::flag() = int(interrupt::State::requested);
            return true;
        });
        interrupt::reset();
        if (calls <= at) break;  // there were no more pieces
        size_t marked = 0, tokens = 0;
        for (size_t i = 0; i < prompts.size(); ++i) {
            const auto& got = part[i].tokens;
            REQUIRE(got.size() <= whole[i].tokens.size());
            CHECK(std::equal(got.begin(), got.end(), whole[i].tokens.begin()));
            marked += part[i].finish_reason == "interrupt";
            tokens += got.size();
        }
        if (tokens < 18) CHECK(marked > 0);
        lengths.insert(tokens);
        const auto again = generate_batch(*model, prompts, options);
        for (size_t i = 0; i < prompts.size(); ++i) check_equal(again[i], whole[i]);
    }
    CHECK(lengths.size() > 5);
}

TEST_CASE("prompts wait for room in the budget", "[batch]") {
    auto free = test::tiny(), tight = test::tiny();
    const std::vector<std::vector<int>> prompts = {test::some_ids(60), test::some_ids(70, 1),
                                                   test::some_ids(50, 2), test::some_ids(200, 3)};
    BatchOptions options;
    options.generate.max_tokens = 20;
    options.generate.ignore_eos = true;
    auto wanted = generate_batch(*free, prompts, options);
    tight->kv_budget = free->kv()->pool().page_bytes() * 6;
    auto results = generate_batch(*tight, prompts, options);
    for (size_t i = 0; i < 3; ++i) check_equal(results[i], wanted[i]);
    CHECK(results[3].finish_reason == "error");  // 220 positions are 7 pages
    CHECK_THAT(results[3].error, Catch::Contains("kv_budget"));
    CHECK(tight->kv()->pool().bytes() <= tight->kv_budget);
}
