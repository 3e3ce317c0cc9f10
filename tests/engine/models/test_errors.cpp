// SPDX-License-Identifier: Apache-2.0
// What a broken folder or a wrong call says: one Error that names the thing. And new models.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "ops/grad.h"
#include "support.h"

using namespace moonlet;
using namespace moonlet::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

// A copy of a golden folder with its config changed and its weights rewritten by `edit`.
std::string broken(const std::string& name, const std::function<void(Json&)>& config,
                   const std::function<void(std::vector<TensorToWrite>&)>& edit = {}) {
    static int count = 0;
    fs::path folder = scratch() / ("broken" + std::to_string(++count));
    fs::create_directories(folder);
    Json json = read_json(folder_of(name) + "/config.json");
    if (config) config(json);
    write_file((folder / "config.json").string(), dump_json(json));
    std::vector<TensorToWrite> tensors;
    for (const auto& [key, view] : Safetensors::open_folder(folder_of(name)).tensors())
        tensors.push_back({key, view.dtype, view.shape, [view = view] {
                               return std::shared_ptr<const void>(view.owner, view.data);
                           }});
    if (edit) edit(tensors);
    write_safetensors((folder / "model.safetensors").string(), tensors);
    return folder.string();
}

std::string message(const std::string& folder, const LoadOptions& options = {std::nullopt, "cpu"}) {
    try {
        load_model(folder, options);
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("a broken folder says what is wrong") {
    CHECK_THAT(message("/nowhere/at/all"), Contains("config.json"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["model_type"] = "lama"; })),
               Contains("lama") && Contains("did you mean \"llama\""));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c.erase("hidden_size"); })),
               Contains("hidden_size"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["hidden_size"] = "32"; })),
               Contains("hidden_size") && Contains("number"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["hidden_size"] = -4; })),
               Contains("hidden_size"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["intermediate_size"] = 64; })),
               Contains("mlp.gate_proj.weight") && Contains("[48, 32]") && Contains("[64, 32]"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["num_hidden_layers"] = 3; })),
               Contains("model.layers.2.input_layernorm.weight"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["num_hidden_layers"] = 1; })),
               Contains("does not use") && Contains("model.layers.1."));
    CHECK_THAT(message(broken("llama-bias-headdim", [](Json& c) { c["attention_bias"] = false; })),
               Contains("q_proj.bias"));
    CHECK_THAT(message(broken("llama-gqa",
                              [](Json& c) { c["rope_parameters"]["rope_type"] = "ntk-aware"; })),
               Contains("ntk-aware"));
    CHECK_THAT(message(broken("llama-gqa", [](Json& c) { c["hidden_act"] = "silou"; })),
               Contains("silou"));
    CHECK_THAT(message(broken("llama-gqa",
                              [](Json& c) {
                                  c["quantization_config"] = {{"bits", 4}};
                              })),
               Contains("quantis"));
    CHECK_THAT(message(broken("gpt2-tied", {}, [](auto& t) { t.erase(t.begin()); })),
               Contains("no tensor"));
    CHECK_THAT(message(folder_of("llama-gqa"), {std::nullopt, "gpu"}), Contains("\"gpu\""));
}

TEST_CASE("a head saved beside its table counts where it differs") {
    at::NoGradGuard no_grad;
    const std::string name = "llama-mha-tied";
    auto logits = [&](const std::string& folder, size_t parameters) {
        auto model = load_model(folder, {std::nullopt, "cpu"});
        CHECK(model->parameters().entries().size() == parameters);
        ModelInput input;
        input.ids = numbers_of(name).at("ids");
        return model->logits(model->hidden(input));
    };
    auto with_head = [&](double scale) {
        return broken(name, {}, [scale](std::vector<TensorToWrite>& tensors) {
            TensorToWrite table = *std::find_if(tensors.begin(), tensors.end(), [](auto& t) {
                return t.name == "model.embed_tokens.weight";
            });
            at::Tensor head = at::from_blob(const_cast<void*>(table.data().get()), table.shape);
            head = head * scale;
            tensors.push_back({"lm_head.weight", table.dtype, table.shape, [head] {
                                   auto keep = std::make_shared<at::Tensor>(head);
                                   return std::shared_ptr<const void>(keep, keep->data_ptr());
                               }});
        });
    };
    const size_t count = load_model(folder_of(name), {})->parameters().entries().size();
    at::Tensor tied = logits(folder_of(name), count);
    CHECK(at::equal(logits(with_head(1), count), tied));
    CHECK(at::equal(logits(with_head(2), count + 1), tied * 2));
}

TEST_CASE("a folder with only a pickle says how to convert it") {
    fs::path folder = scratch() / "pickle";
    fs::create_directories(folder);
    fs::copy_file(folder_of("gpt2-tied") + "/config.json", folder / "config.json",
                  fs::copy_options::overwrite_existing);
    std::ofstream(folder / "pytorch_model.bin") << "x";
    CHECK_THAT(message(folder.string()),
               Contains("pytorch_model.bin") && Contains("safe_serialization"));
}

TEST_CASE("wrong inputs are errors") {
    auto model = load_model(folder_of("gpt2-tied"), {std::nullopt, "cpu"});
    ModelInput input;
    CHECK_THROWS_AS(model->hidden(input), Error);
    input.ids = at::zeros({1, 3}, at::kInt);
    CHECK_THROWS_AS(model->hidden(input), Error);
    input.ids = at::full({1, 3}, 61, at::kLong);  // the vocabulary has 61
    CHECK_THROWS_WITH(model->hidden(input), Contains("token id 61"));
    input.ids = at::zeros({1, 25}, at::kLong);  // n_positions is 24
    CHECK_THROWS_WITH(model->hidden(input), Contains("position 24"));
    input.ids = at::zeros({1, 3}, at::kLong);
    input.mask = at::ones({1, 4}, at::kBool);
    CHECK_THROWS_AS(model->hidden(input), Error);
    auto encoder = load_model(folder_of("bert-bare"), {std::nullopt, "cpu"});
    input.mask.reset();
    CHECK_THROWS_WITH(encoder->logits(encoder->hidden(input)), Contains("bert"));
    GrowingCache cache(2);
    input.cache = &cache;
    CHECK_THROWS_AS(encoder->hidden(input), Error);
}

TEST_CASE("the same seed makes the same new model, and it saves and loads") {
    for (const std::string& family : Families::names()) {
        INFO(family);
        Json config = {{"model_type", family}, {"vocab_size", 50}};
        auto a = new_model(config, 7, at::kFloat, "cpu"),
             b = new_model(config, 7, at::kFloat, "cpu"),
             c = new_model(config, 8, at::kFloat, "cpu");
        CHECK(a->vocab_size() == 50);
        const auto &x = a->parameters().entries(), &y = b->parameters().entries();
        bool differs = false;
        for (size_t i = 0; i < x.size(); ++i) {
            REQUIRE(at::equal(x[i].tensor, y[i].tensor));
            differs |= !at::equal(x[i].tensor, c->parameters().entries()[i].tensor);
        }
        CHECK(differs);
        std::string folder = (scratch() / ("new-" + family)).string();
        save_model(*a, folder);
        auto again = load_model(folder, {std::nullopt, "cpu"});
        ModelInput input;
        input.ids = at::arange(6, at::kLong).unsqueeze(0);
        at::NoGradGuard no_grad;
        const auto& z = again->parameters().entries();
        REQUIRE(z.size() == x.size());
        for (size_t i = 0; i < x.size(); ++i) CHECK(at::equal(x[i].tensor, z[i].tensor));
        // Not to the bit: products of single rows go by where the weights lie in memory.
        at::Tensor ours = a->hidden(input), theirs = again->hidden(input);
        CHECK(difference(ours, theirs) < 1e-5);
        if (a->causal()) CHECK(difference(a->logits(ours), again->logits(theirs)) < 1e-5);
        CHECK(a->parameters().count() > 1'000'000);
    }
}
