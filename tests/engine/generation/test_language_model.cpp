// SPDX-License-Identifier: Apache-2.0
// A model folder as a whole: opened, described, saved and opened again; scores against
// transformers.
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/context.h"
#include "tiny.h"

using namespace moonlet;
namespace fs = std::filesystem;

TEST_CASE("a folder is opened with all that belongs to it", "[language_model]") {
    auto model = test::tiny();
    CHECK(model->name == "llama");
    CHECK(model->describe() == "llama · 86.4 K params · f32 · cpu · ctx 256 · chat template yes");
    CHECK(model->generation_config.eos_token_ids == std::vector<int>{1, 2});
    CHECK(model->generation_config.bos_token_id == 0);
    CHECK(model->tokenizer->decode(model->tokenizer->encode("달은 moon"), true) == "달은 moon");
    auto& chat = test::peer()["chat"];
    CHECK(model->need_chat_template().render(chat["messages"], {}) ==
          chat["text"].get<std::string>());
    CHECK(model->bytes() >= 86352 * 4);
}

TEST_CASE("logits are those of transformers, read at once or bit by bit", "[language_model]") {
    auto model = test::tiny();
    auto& peer = test::peer()["logits"];
    at::Tensor theirs = at::tensor(peer["values"].get<std::vector<float>>()).view({3, 320});
    at::Tensor ours = logits_of(*model, test::ids_of(peer["ids"]));
    CHECK((ours - theirs).abs().max().item<double>() <= 1e-4);

    // Without any cache, in one call, against blocks and single steps through the cache.
    auto ids = test::some_ids(150);
    ModelInput input;
    input.ids = at::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
    at::Tensor plain;
    {
        c10::InferenceMode no_grad;
        plain = model->network->logits(model->network->hidden(input))[0];
    }
    CHECK((logits_of(*model, ids) - plain).abs().max().item<double>() <= 1e-4);
    Context context(model->network);
    at::Tensor logits = context.read({ids.begin(), ids.begin() + 100});
    CHECK((logits - plain[99]).abs().max().item<double>() <= 1e-4);
    for (size_t i = 100; i < ids.size(); ++i) logits = context.step(ids[i]);
    CHECK((logits - plain[149]).abs().max().item<double>() <= 1e-4);
}

TEST_CASE("what is kept of earlier reading gives the same bits", "[language_model]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto model = test::tiny(dtype);
        Context warm(model->network);
        auto ids = test::some_ids(200);
        size_t reused = 1;
        warm.read({ids.begin(), ids.begin() + 120}, &reused);
        CHECK(reused == 0);
        for (int id : {5, 6, 7}) warm.step(id);
        for (size_t count : {121u, 110u, 200u, 64u, 65u, 40u, 200u}) {
            std::vector<int> some(ids.begin(), ids.begin() + count);
            at::Tensor kept = warm.read(some, &reused);
            CHECK(reused > 0);
            CHECK(reused < count);
            CHECK(kept.equal(Context(model->network).read(some)));
        }
        std::vector<int> other = ids;
        other[70] = 6 + (other[70] + 1) % 300;
        warm.read(other, &reused);
        CHECK(reused == 64);
    }
}

TEST_CASE("trained weights make the kept context worthless", "[language_model]") {
    auto model = test::tiny();
    auto ids = test::some_ids(100);
    Context context(model->network);
    context.read(ids);
    {
        c10::InferenceMode no_grad;
        model->network->parameters().entries()[1].tensor.mul_(1.5);
    }
    size_t reused = 1;
    at::Tensor logits = context.read(ids, &reused);
    CHECK(reused == 0);
    CHECK(logits.equal(Context(model->network).read(ids)));
}

TEST_CASE("likelihoods are those of lm-evaluation-harness's rule", "[language_model]") {
    auto model = test::tiny();
    bool any_greedy = false;
    for (auto& c : test::peer()["likelihoods"]) {
        Likelihood ours = loglikelihood(*model, c["context"], c["continuation"]);
        CHECK(ours.logprob == Approx(c["logprob"].get<double>()).margin(1e-3));
        CHECK(ours.greedy == c["greedy"].get<bool>());
        REQUIRE(ours.tokens == int(c["logprobs"].size()));
        for (size_t i = 0; i < ours.logprobs.size(); ++i)
            CHECK(ours.logprobs[i] == Approx(c["logprobs"][i].get<double>()).margin(1e-4));
        any_greedy = any_greedy || ours.greedy;
    }
    CHECK(any_greedy);
    Likelihood nothing = loglikelihood(*model, "The moon", "");
    CHECK(nothing.tokens == 0);
    CHECK(nothing.logprob == 0);
    // A long continuation crosses blocks and the rows held at a time.
    std::string text;
    while (model->tokenizer->encode(text).size() < 200) text += "moon 달 ";
    Likelihood whole = loglikelihood(*model, "The", text);
    auto ids = model->tokenizer->encode("The" + text);
    at::Tensor logprobs = logits_of(*model, ids).log_softmax(-1);
    double sum = 0;
    size_t first = model->tokenizer->encode("The").size();
    for (size_t i = first; i < ids.size(); ++i) sum += logprobs[i - 1][ids[i]].item<double>();
    CHECK(whole.logprob == Approx(sum).epsilon(1e-5));
    CHECK(whole.tokens == int(ids.size() - first));
}

TEST_CASE("the next token's distribution", "[language_model]") {
    auto model = test::tiny();
    auto& peer = test::peer()["next"];
    auto ours = next_tokens(*model, test::ids_of(peer["ids"]), 8);
    REQUIRE(ours.size() == 8);
    for (size_t i = 0; i < 8; ++i) {
        CHECK(ours[i].id == peer["top"][i].get<int>());
        CHECK(ours[i].probability == Approx(peer["probabilities"][i].get<double>()).epsilon(1e-3));
        CHECK(ours[i].logprob == Approx(std::log(ours[i].probability)));
        CHECK(ours[i].text == model->tokenizer->decode({ours[i].id}));
    }
    CHECK(next_tokens(*model, {0}, 10, {{"top_k", 3}}).size() == 3);
    CHECK(next_tokens(*model, {0}, 1000).size() == 320);
    CHECK_THROWS_AS(next_tokens(*model, {0}, 0), Error);
}

TEST_CASE("a saved model is the same model", "[language_model]") {
    auto model = test::tiny();
    fs::path folder = test::scratch() / "saved" / "copy";
    save_language_model(*model, folder.string());
    auto again = load_language_model(folder.string() + "/");
    CHECK(again->name == "copy");
    CHECK(again->describe() == model->describe());
    CHECK(again->generation_config.eos_token_ids == model->generation_config.eos_token_ids);
    CHECK(again->chat_template->source() == model->chat_template->source());
    CHECK(again->tokenizer_config == model->tokenizer_config);
    auto ids = test::some_ids(20);
    CHECK(logits_of(*again, ids).equal(logits_of(*model, ids)));
}

TEST_CASE("a GGUF file has all that a folder has", "[language_model]") {
    auto model = test::tiny();
    model->generation_config.eos_token_ids = {5, 3, 4, 7};
    model->generation_config.json["eos_token_id"] = {5, 3, 4, 7};
    fs::path file = test::scratch() / "all.gguf", folder = test::scratch() / "from-gguf";
    Exported written = save_language_model(*model, file.string());
    CHECK(written.format == "gguf");
    CHECK(written.type == "f32");
    CHECK(written.bytes == int64_t(fs::file_size(file)));
    auto again = load_language_model(file.string());
    CHECK(again->generation_config.eos_token_ids == std::vector<int>{5, 3, 4, 7});
    CHECK(again->chat_template->source() == model->chat_template->source());
    const std::string text = "Once upon a time, <|im_end|> 여우";
    CHECK(again->tokenizer->encode(text) == model->tokenizer->encode(text));
    auto ids = test::some_ids(20);
    at::Tensor difference = logits_of(*again, ids) - logits_of(*model, ids);
    CHECK(difference.abs().max().item<double>() < 1e-5);
    // And a folder of it.
    save_language_model(*again, folder.string());
    auto back = load_language_model(folder.string());
    CHECK(back->generation_config.eos_token_ids == std::vector<int>{5, 3, 4, 7});
    CHECK(back->chat_template->source() == model->chat_template->source());
    CHECK(back->tokenizer->encode(text) == model->tokenizer->encode(text));
    CHECK(logits_of(*back, ids).equal(logits_of(*again, ids)));
    CHECK(stored_type(file.string()) == "f32");
}

TEST_CASE("a quantised GGUF file says so", "[language_model]") {
    // Rows of whole blocks; the tiny model's are too short and stay f16.
    LanguageModel model;
    model.name = "wide";
    model.network = new_model({{"model_type", "llama"},
                               {"vocab_size", 64},
                               {"hidden_size", 64},
                               {"intermediate_size", 64},
                               {"num_hidden_layers", 1},
                               {"num_attention_heads", 2},
                               {"num_key_value_heads", 2}},
                              1);
    fs::path file = test::scratch() / "wide.gguf";
    ExportOptions options;
    options.type = "q8_0";
    save_language_model(model, file.string(), options);
    CHECK(stored_type(file.string()) == "quantised");
}

TEST_CASE("comparing models finds what differs", "[language_model]") {
    auto model = test::tiny(), other = test::tiny();
    Json chat = Json::array({{{"role", "user"}, {"content", "Hi"}}});
    auto rows = compare_models(*model, *other, {"one", "and two"}, {chat});
    REQUIRE(rows.size() == 3);
    for (const PromptCheck& row : rows) {
        CHECK((row.same_ids && row.same_text && !row.double_begin));
        CHECK(row.tokens > 0);
        CHECK(row.same_top == row.tokens);
        CHECK(row.difference == 0);
    }
    at::NoGradGuard no_grad;
    at::Tensor weight = other->network->parameters().entries()[3].tensor;
    weight.mul_(-1);
    rows = compare_models(*model, *other, {"one", "and two"}, {});
    CHECK(rows[1].difference > 0);
    CHECK(rows[1].divergence > 0);
}

TEST_CASE("what cannot be opened says what was looked for", "[language_model]") {
    CHECK_THROWS_WITH(load_language_model("no-such-model"),
                      Catch::Contains("no-such-model") && Catch::Contains("looked in"));
    fs::path folder = test::scratch() / "empty";
    fs::create_directories(folder);
    CHECK_THROWS_WITH(load_language_model(folder.string()), Catch::Contains("config.json"));
    CHECK_THROWS_WITH(load_language_model("/no/such/model.gguf"),
                      Catch::Contains("/no/such/model.gguf"));
    write_file((folder / "x.gguf").string(), "GGUF");
    CHECK_THROWS_WITH(load_language_model((folder / "x.gguf").string()), Catch::Contains("x.gguf"));
    CHECK_THROWS_WITH(load_language_model(folder.string()), Catch::Contains("x.gguf"));
    write_file((folder / "y.gguf").string(), "GGUF");
    CHECK_THROWS_WITH(load_language_model(folder.string()),
                      Catch::Contains("several") && Catch::Contains("y.gguf"));
    write_file((folder / "model.bin").string(), "x");
    CHECK_THROWS_WITH(load_language_model((folder / "model.bin").string()),
                      Catch::Contains("pickle") && Catch::Contains("safe_serialization"));
    auto file = test::golden("generation/llama/config.json");
    CHECK_THROWS_WITH(load_language_model(file.string()), Catch::Contains("give its folder"));
    write_file((folder / "config.json").string(), "{\"model_type\": \"llama\"");
    CHECK_THROWS_WITH(load_language_model(folder.string()), Catch::Contains("JSON"));
}

TEST_CASE("a model without tokenizer or template says so", "[language_model]") {
    auto model = test::tiny();
    model->tokenizer = nullptr;
    model->chat_template = nullptr;
    CHECK_THROWS_WITH(model->need_tokenizer(), Catch::Contains("llama has no tokenizer"));
    CHECK_THROWS_WITH(model->need_chat_template(), Catch::Contains("no chat template"));
    CHECK_THROWS_WITH(loglikelihood(*model, "a", "b"), Catch::Contains("tokenizer"));
    CHECK(model->describe().find("chat template no") != std::string::npos);
}

TEST_CASE("questions that have nothing partial to give throw when interrupted",
          "[language_model]") {
    auto model = test::tiny();
    interrupt::flag() = int(interrupt::State::requested);
    CHECK_THROWS_AS(logits_of(*model, {0, 1}), Interrupted);
    CHECK_THROWS_AS(next_tokens(*model, {0, 1}, 3), Interrupted);
    CHECK_THROWS_AS(loglikelihood(*model, "a", "b"), Interrupted);
    CHECK_THROWS_AS(embed(*model, {"a"}), Interrupted);
    interrupt::reset();
    CHECK(next_tokens(*model, {0, 1}, 3).size() == 3);
}
