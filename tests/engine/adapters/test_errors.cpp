// SPDX-License-Identifier: Apache-2.0
// Foreign and broken adapters: an error that names the field or the tensor, and a network that is
// as it was.
#include <catch2/catch.hpp>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "support.h"

using namespace moonlet;
using namespace moonlet::test;
using Catch::Matchers::Contains;

namespace {

const std::string kPrefix = "base_model.model.model.layers.0.self_attn.";

// llama-rslora's folder again, its files changed.
std::string changed(const std::string& name, const Json& fields,
                    const std::function<void(std::vector<TensorToWrite>&)>& tensors = {}) {
    const std::string from = golden("adapters/llama-rslora").string(),
                      to = (scratch() / name).string();
    std::filesystem::create_directories(to);
    Json config = read_json(from + "/adapter_config.json");
    for (const auto& [key, value] : fields.items()) config[key] = value;
    write_file(to + "/adapter_config.json", dump_json(config));
    std::vector<TensorToWrite> out;
    Safetensors file = Safetensors::open(from + "/adapter_model.safetensors");
    for (const auto& [key, view] : file.tensors())
        out.push_back({key, view.dtype, view.shape, [view = view] {
                           return std::shared_ptr<const void>(view.owner, view.data);
                       }});
    if (tensors) tensors(out);
    write_safetensors(to + "/adapter_model.safetensors", out);
    return to;
}

TensorToWrite zeros(const std::string& name, std::vector<int64_t> shape, Dtype dtype = Dtype::F32) {
    size_t count = 8;
    for (int64_t n : shape) count *= size_t(n);
    return {name, dtype, shape, [count] {
                auto held = std::make_shared<std::vector<char>>(count);
                return std::shared_ptr<const void>(held, held->data());
            }};
}

void refuse(const std::string& folder, const std::string& part) {
    INFO(folder);
    auto model = model_named("llama-gqa");
    const at::Tensor before = answer(*model);
    CHECK_THROWS_WITH(Adapters::of(*model).load("x", folder), Contains(part));
    CHECK(Adapters::of(*model).list().empty());
    CHECK(same_bits(answer(*model), before));
}

}  // namespace

TEST_CASE("kinds of adapters that are more than A and B are refused by their field") {
    refuse(changed("dora", {{"use_dora", true}}), "use_dora");
    refuse(changed("modules", {{"modules_to_save", {"lm_head"}}}), "modules_to_save");
    refuse(changed("bias", {{"bias", "all"}}), "bias");
    refuse(changed("lora_bias", {{"lora_bias", true}}), "lora_bias");
    refuse(changed("pissa", {{"init_lora_weights", "pissa_niter_4"}}), "init_lora_weights");
    refuse(changed("ia3", {{"peft_type", "IA3"}}), "peft_type");
    refuse(changed("replication", {{"layer_replication", {{0, 1}}}}), "layer_replication");
    refuse(changed("newer", {{"use_something_new", true}}), "use_something_new");
    refuse(changed("type", {{"r", "eight"}}), "type");
    refuse(changed("rank", {{"r", 0}}), "rank");
    refuse(changed("regex", {{"rank_pattern", {{"(", 3}}}}), "regular expression");
}

TEST_CASE("tensors that do not fit are refused by name") {
    refuse(changed("wrong-rank", {{"r", 5}}), kPrefix + "q_proj.lora_A.weight");
    refuse(changed("no-half", {}, [](auto& t) { t.erase(t.begin()); }), "lora_A");
    refuse(
        changed(
            "embedding", {},
            [](auto& t) {
                t.push_back(zeros("base_model.model.model.embed_tokens.lora_embedding_A", {8, 67}));
            }),
        "lora_embedding_A");
    refuse(
        changed(
            "no-layer", {},
            [](auto& t) {
                t.push_back(zeros("base_model.model.model.layers.7.q_proj.lora_A.weight", {8, 32}));
            }),
        "layers.7.q_proj");
    refuse(changed("int", {}, [](auto& t) { t[0] = zeros(t[0].name, t[0].shape, Dtype::I32); }),
           "I32");
    refuse(changed("other-width", {},
                   [](auto& t) {
                       t[0] = zeros(t[0].name, {8, 31});
                   }),
           "[8, 31]");
    refuse(golden("models/llama-gqa").string(), "no adapter");
    refuse((scratch() / "nothing").string(), "no adapter");
    std::string broken = changed("broken", {});
    write_file(broken + "/adapter_config.json", "{");
    refuse(broken, "adapter_config.json");
    std::string cut = changed("cut", {});
    write_file(cut + "/adapter_model.safetensors", "abc");
    refuse(cut, "adapter_model.safetensors");
}

TEST_CASE("names: unknown, taken, merged") {
    auto model = model_named("llama-gqa");
    Adapters& adapters = Adapters::of(*model);
    noisy(*model, "a");
    CHECK_THROWS_WITH(adapters.use({{"b", 1}}), Contains("\"a\""));
    CHECK_THROWS_WITH(adapters.add("a", {}, 1, ""), Contains("already"));
    CHECK_THROWS_WITH(adapters.remove("b"), Contains("\"b\""));
    CHECK_THROWS_WITH(adapters.merge({}), Contains("no adapter is on"));
    adapters.use({{"a", 1}});
    CHECK_THROWS(adapters.use({{"a", 1}, {"zzz", 1}}));
    CHECK(adapters.active().size() == 1);
    adapters.merge({});
    CHECK_THROWS_WITH(adapters.use({{"a", 1}}), Contains("merged"));
    CHECK_THROWS_WITH(adapters.remove("a"), Contains("merged"));
    // Trained after merging: taking the merge back would lose that.
    for (const auto& entry : model->parameters().entries()) {
        at::NoGradGuard no_grad;
        entry.tensor.detach().mul_(1.5);
    }
    CHECK_THROWS_WITH(adapters.unmerge(), Contains("trained"));
    LoraConfig nowhere;
    nowhere.all_linear = false;
    nowhere.targets = {"q_prjo"};
    CHECK_THROWS_WITH(adapters.add("b", nowhere, 1, ""), Contains("q_proj"));
    LoraConfig bad;
    bad.dropout = 1;
    CHECK_THROWS_WITH(adapters.add("b", bad, 1, ""), Contains("dropout"));
}

TEST_CASE("an adapter knows when the weights are not those it was made for") {
    auto model = model_named("llama-gqa");
    noisy(*model, "a");
    const std::string folder = (scratch() / "known").string();
    Adapters::of(*model).save("a", folder);
    CHECK_FALSE(Adapters::of(*model).load("same", folder).other_base);
    auto other = new_model(model->config(), 99, at::kFloat, "cpu");
    CHECK(Adapters::of(*other).load("other", folder).other_base);
    // In another dtype they are the same weights.
    auto half = load_model(golden("models/llama-gqa").string(), {at::kBFloat16, "cpu"});
    CHECK_FALSE(Adapters::of(*half).load("half", folder).other_base);
}
