// SPDX-License-Identifier: Apache-2.0
// Quantised weights in a network: beside their plain twin (the same network over the numbers that
// the packed weights stand for), whoever asks for their numbers, and gradients through them.
#include <catch2/catch.hpp>

#include "adapters/adapter.h"
#include "models/quantise.h"
#include "ops/packed_weight.h"
#include "tests/engine/models/support.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

Json small(const std::string& family) {
    if (family == "gpt2")
        return {{"model_type", "gpt2"}, {"vocab_size", 200}, {"n_embd", 96},
                {"n_layer", 2},         {"n_head", 4},       {"n_positions", 64}};
    return {{"model_type", family},
            {"vocab_size", 300},
            {"hidden_size", 256},
            {"intermediate_size", 512},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 4},
            {"num_key_value_heads", 2},
            {"head_dim", 64},
            {"max_position_embeddings", 64},
            {"tie_word_embeddings", family == "qwen3"},
            {"initializer_range", 0.08}};
}

std::string saved(const std::string& family, at::ScalarType dtype = at::kFloat) {
    const std::string folder = (scratch() / ("quantised-" + family)).string();
    save_model(*new_model(small(family), 3, dtype, "cpu"), folder);
    return folder;
}

LoadOptions options(const std::string& quant, at::ScalarType dtype, int64_t group = 0) {
    LoadOptions o;
    o.dtype = dtype;
    o.device = "cpu";
    o.quant = {quant, group};
    return o;
}

// Of few rows and of many, which take other ways.
at::Tensor states(Model& model) {
    c10::InferenceMode guard;
    std::vector<at::Tensor> all;
    for (int64_t tokens : {12, 40}) {
        ModelInput input;
        input.ids = (at::arange(2 * tokens, at::kLong) * 7).remainder(200).reshape({2, tokens});
        all.push_back(model.hidden(input).to(at::kFloat).flatten(0, 1));
    }
    return at::cat(all);
}

at::Tensor logits(Model& model) {
    c10::InferenceMode guard;
    return model.logits(states(model).to(model.parameters().dtype())).to(at::kFloat);
}

// The network's twin: plain weights of the very numbers.
std::shared_ptr<Model> twin_of(Model& packed, const std::string& path, at::ScalarType dtype) {
    auto twin = load_model(path, options("none", dtype));
    at::NoGradGuard no_grad;
    for (const auto& from : packed.parameters().entries())
        for (const auto& to : twin->parameters().entries())
            if (to.name == from.name) to.tensor.copy_(packed.parameters().dense(from));
    return twin;
}

double relative(const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
}

}  // namespace

TEST_CASE("weights quantised while loading compute what they stand for") {
    for (const std::string family : {"llama", "qwen3", "gpt2"}) {
        const std::string path = saved(family);
        for (const std::string quant : {"int8", "int4", "nf4"})
            for (int64_t group : {0, 32, 64, 128}) {
                INFO(family << " " << quant << " " << group);
                auto model = load_model(path, options(quant, at::kFloat, group));
                CHECK(model->parameters().packed_kind() == quant);
                auto twin = twin_of(*model, path, at::kFloat);
                CHECK(difference(states(*model), states(*twin)) < 2e-5);
                // A tied head is packed beside the table, which stays as it is.
                if (family == "llama") CHECK(difference(logits(*model), logits(*twin)) < 2e-5);
                else
                    CHECK(relative(logits(*model), logits(*twin)) < (quant == "int8" ? 0.02 : 0.2));
            }
        // bf16: activations are rounded to int8 on the way.
        auto model = load_model(path, options("int8", at::kBFloat16));
        CHECK(relative(logits(*model), logits(*twin_of(*model, path, at::kBFloat16))) < 0.04);
        auto plain = load_model(path, options("", at::kFloat));
        CHECK(relative(logits(*model), logits(*plain)) < 0.04);
    }
}

TEST_CASE("quantised tensors of a GGUF are used as they are") {
    for (const std::string family : {"llama", "qwen3"}) {
        auto model = new_model(small(family), 3, at::kFloat, "cpu");
        for (const std::string type : {"q8_0", "q4_0", "q4_k", "q6_k"}) {
            INFO(family << " " << type);
            const std::string file = (scratch() / (family + type + ".gguf")).string();
            save_gguf(*model, file, type, {});
            auto packed = load_model(file, options("", at::kFloat));
            auto plain = load_model(file, options("none", at::kFloat));
            CHECK(packed->parameters().packed_kind() == type);
            CHECK(plain->parameters().packed_kind().empty());
            CHECK(packed->parameters().bytes() < plain->parameters().bytes() / 3);
            CHECK(difference(logits(*packed), logits(*plain)) < 2e-5);
            for (size_t i = 0; i < plain->parameters().entries().size(); ++i) {
                const auto& entry = packed->parameters().entries()[i];
                INFO(entry.name);
                CHECK(at::equal(packed->parameters().dense(entry),
                                plain->parameters().entries()[i].tensor));
            }
            // Without a dtype what lies between the products is bf16.
            auto narrow = load_model(file, {std::nullopt, "cpu"});
            CHECK(narrow->parameters().dtype() == at::kBFloat16);
            CHECK(relative(logits(*narrow), logits(*plain)) < 0.04);
        }
    }
}

TEST_CASE("a quantised network is saved, shared and fine-tuned beside") {
    const std::string path = saved("llama");
    auto model = load_model(path, options("int4", at::kFloat));
    const at::Tensor expected = logits(*model);

    const std::string folder = (scratch() / "quantised-saved").string();
    save_model(*model, folder);
    CHECK(difference(logits(*load_model(folder, options("", at::kFloat))), expected) < 2e-5);

    auto second = share_model(*model);
    CHECK(second->parameters().packed_kind() == "int4");
    CHECK(at::equal(logits(*second), expected));

    // The gradient of an adapter is that over the plain twin.
    auto twin = twin_of(*model, path, at::kFloat);
    std::vector<std::map<std::string, at::Tensor>> gradients;
    for (auto network : {second, twin}) {
        Adapters& adapters = Adapters::of(*network);
        Adapter& adapter = adapters.add("a", {}, 7, "");
        adapters.use({{"a", 1}});
        auto tensors = Adapters::tensors(adapter);
        for (auto& entry : tensors) {
            if (entry.name.find("lora_B") != std::string::npos) {
                at::NoGradGuard no_grad;
                entry.tensor.fill_(0.01);
            }
            entry.tensor.requires_grad_(true);
        }
        ModelInput input;
        input.ids = at::arange(10, at::kLong).unsqueeze(0);
        network->logits(network->hidden(input)).square().mean().backward();
        gradients.emplace_back();
        for (auto& entry : tensors) gradients.back()[entry.name] = entry.tensor.grad();
    }
    REQUIRE(!gradients[0].empty());
    for (auto& [name, gradient] : gradients[0]) {
        INFO(name);
        CHECK(relative(gradient, gradients[1][name]) < 1e-4);
    }
}

TEST_CASE("what cannot be quantised so says why") {
    using Catch::Matchers::Contains;
    const std::string path = saved("llama");
    CHECK_THROWS_WITH(load_model(path, options("int3", at::kFloat)),
                      Contains("int3") && Contains("nf4"));
    CHECK_THROWS_WITH(load_model(path, options("int4", at::kFloat, 48)),
                      Contains("group_size 48") && Contains("32, 64 or 128"));
}
