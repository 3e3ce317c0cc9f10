// SPDX-License-Identifier: Apache-2.0
// tune = "lora": 20 steps against transformers and peft, a base that stays as it is, resume bit for
// bit, and rollouts whose log-probabilities are training's.
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>

#include "adapters/adapter.h"
#include "generation/generator.h"
#include "support.h"
#include "trainers/checkpoint.h"

using namespace moonlet;
using Catch::Contains;
using test::difference;
using test::random_rows;
using test::tiny_model;
using test::weights;
namespace fs = std::filesystem;

namespace {

Json options(Json more = Json::object()) {
    Json base = {{"tune", "lora"},  {"lr", 1e-2}, {"max_length", 24},
                 {"batch_size", 2}, {"rank", 4},  {"max_steps", 6},
                 {"accumulate", 2}, {"seed", 3},  {"warmup_ratio", 0}};
    base.update(more);
    return base;
}

std::map<std::string, at::Tensor> adapter_of(LanguageModel& model) {
    std::map<std::string, at::Tensor> result;
    Adapters& set = Adapters::of(*model.network);
    for (const auto& entry : Adapters::tensors(*set.list().at(0)))
        result[entry.name] = entry.tensor.detach().clone();
    return result;
}

double relative(const std::map<std::string, at::Tensor>& ours, const std::string& file) {
    const auto theirs = read_tensors(file);
    CHECK(ours.size() == theirs.size());
    double worst = 0;
    for (const auto& [name, tensor] : theirs) {
        INFO(name);
        REQUIRE(ours.count(name) == 1);
        worst = std::max(worst, ((ours.at(name) - tensor).norm() / tensor.norm()).item<double>());
    }
    return worst;
}

std::string fresh(const char* name) {
    fs::path path = test::scratch() / name;
    fs::remove_all(path);
    return path.string();
}

// The adapter moved away from B = 0.
void stir(LanguageModel& model) {
    at::NoGradGuard no_grad;
    Random random(9);
    for (AdapterLayer& layer : Adapters::of(*model.network).list().at(0)->layers)
        for (int64_t i = 0; i < layer.b.numel(); ++i)
            layer.b.view({-1})[i] = float(random.normal() * 0.1);
}

}  // namespace

TEST_CASE("20 steps of instruction tuning are those of transformers and peft", "[golden]") {
    const std::string folder = test::golden("adapters/sft").string();
    const Json golden = read_json(folder + "/sft.json");
    auto model = std::make_shared<LanguageModel>();
    model->network = load_model(test::golden("trainers/llama").string(), {std::nullopt, "cpu"});
    Adapters& set = Adapters::of(*model->network);
    set.load("start", folder + "/start");
    set.use({{"start", 1}});
    Json o = golden["options"];
    o["tune"] = "lora";
    auto trainer = Trainer::make("sft", model, golden["rows"].get<Rows>(), o);
    REQUIRE(trainer->steps_total() == 20);
    double loss = 0, norm = 0;
    for (const Json& step : golden["steps"]) {
        const StepRecord& ours = trainer->step();
        INFO("step " << ours.step);
        CHECK(ours.tokens == step["tokens"].get<int64_t>());
        CHECK(ours.lr == Approx(step["lr"].get<double>()).epsilon(1e-12).margin(1e-15));
        const double wanted = step["loss"], length = step["grad_norm"];
        loss = std::max(loss, std::abs(ours.loss - wanted) / wanted);
        norm = std::max(norm, std::abs(ours.grad_norm - length) / length);
    }
    const double end =
        relative(adapter_of(*trainer->model()), folder + "/end/adapter_model.safetensors");
    std::printf(
        "20 steps of LoRA SFT, relative to transformers + peft: loss %.1e, gradient norm "
        "%.1e, A and B at the end %.1e\n",
        loss, norm, end);
    CHECK(loss <= 1e-4);
    CHECK(norm <= 1e-4);
    CHECK(end <= 1e-4);
    // The adapter that was given stays where it was.
    CHECK(relative(adapter_of(*model), folder + "/start/adapter_model.safetensors") == 0);
}

// Conversations through the chat template, from an adapter whose B is not zero.
TEST_CASE("20 steps over conversations are those of transformers and peft", "[golden]") {
    const std::string folder = test::golden("trainers/sft").string();
    const Json golden = read_json(folder + "/sft.json");
    int cases = 0;
    for (const Json& c : golden["cases"]) {
        if (c["options"].value("tune", "full") != "lora") continue;
        ++cases;
        auto model = load_language_model(folder + "/" + c["model"].get<std::string>());
        Adapters& set = Adapters::of(*model->network);
        set.load("lora", folder + "/lora");
        set.use({{"lora", 1}});
        auto trainer = Trainer::make("sft", model, golden["rows"].get<Rows>(), c["options"]);
        for (const Json& step : c["steps"]) {
            const StepRecord& ours = trainer->step();
            INFO("step " << ours.step);
            CHECK(ours.tokens == step["tokens"].get<int64_t>());
            CHECK(ours.loss == Approx(step["loss"].get<double>()).epsilon(1e-4));
            CHECK(ours.grad_norm == Approx(step["grad_norm"].get<double>()).epsilon(1e-4));
        }
        CHECK(trainer->done());
        auto ours = adapter_of(*trainer->model());
        for (const auto& [name, norm] : c["norms"].items()) {
            INFO(name);
            REQUIRE(ours.count(name) == 1);
            CHECK(ours[name].norm().item<double>() == Approx(norm.get<double>()).epsilon(1e-4));
        }
        const at::Tensor wanted = read_tensors(folder + "/logits.safetensors").at("lora");
        const auto probe = golden["probe"].get<std::vector<int>>();
        const at::Tensor gap = logits_of(*trainer->model(), probe) - wanted;
        CHECK(gap.norm().item<double>() <= 1e-4 * wanted.norm().item<double>());
    }
    CHECK(cases == 1);
}

TEST_CASE("the base is frozen, shared and without the adapter", "[lora]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto base = tiny_model(dtype);
        const auto before = weights(*base);
        const std::vector<int> ids = {3, 1, 4, 1, 5};
        const at::Tensor logits = logits_of(*base, ids);
        auto trainer = Trainer::make("cpt", base, random_rows(20), options());
        auto tuned = trainer->model();
        CHECK(tuned != base);
        CHECK(tuned->name == "tiny+lora");
        CHECK(at::equal(logits_of(*tuned, ids), logits));  // B = 0
        trainer->run();
        CHECK(trainer->history().back().loss < trainer->history().front().loss);
        CHECK(difference(before, weights(*base)) == 0);
        CHECK(at::equal(logits_of(*base, ids), logits));
        CHECK_FALSE(at::equal(logits_of(*tuned, ids), logits));
        CHECK(Adapters::find(*base->network) == nullptr);
        const auto &ours = tuned->network->parameters().entries(),
                   &theirs = base->network->parameters().entries();
        for (size_t i = 0; i < ours.size(); ++i) {
            CHECK(ours[i].tensor.const_data_ptr() == theirs[i].tensor.const_data_ptr());
            CHECK_FALSE(ours[i].tensor.requires_grad());
            CHECK_FALSE(ours[i].tensor.grad().defined());
        }
        for (const auto& [name, tensor] : adapter_of(*tuned)) {
            INFO(name);
            CHECK(tensor.scalar_type() == at::kFloat);
            if (name.find("lora_B") != std::string::npos)
                CHECK(tensor.abs().max().item<float>() > 0);
        }
    }
}

TEST_CASE("a kept context does not outlive a step", "[lora]") {
    for (const char* tune : {"lora", "full"}) {
        INFO(tune);
        Json o = options({{"lr", 0.1}, {"tune", tune}});
        if (o["tune"] == "full") o.erase("rank");
        auto trainer = Trainer::make("cpt", tiny_model(), random_rows(20), o);
        auto model = trainer->model();
        const std::vector<int> ids = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3,
                                      8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5, 0, 2, 8, 8};
        trainer->step();  // gives the weights memory of their own
        for (int i = 0; i < 2; ++i) {
            const double before = next_tokens(*model, ids, 1)[0].logprob;
            trainer->step();
            const double kept = next_tokens(*model, ids, 1)[0].logprob;
            CHECK(kept != before);
            model->forget();
            CHECK(next_tokens(*model, ids, 1)[0].logprob == kept);
        }
    }
}

TEST_CASE("resumed under dropout = never stopped, bit for bit", "[lora]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        const Json o =
            options({{"dropout", 0.2}, {"rslora", true}, {"targets", {"q_proj", "up_proj"}}});
        auto straight = Trainer::make("cpt", tiny_model(dtype), random_rows(20), o);
        straight->run();
        const std::string folder = fresh("lora-half");
        auto half = Trainer::make("cpt", tiny_model(dtype), random_rows(20), o);
        for (int i = 0; i < 3; ++i) half->step();
        half->save(folder);
        for (const char* file : {"adapter_config.json", "adapter_model.safetensors",
                                 "optimizer.safetensors", "trainer.json"})
            CHECK(fs::exists(fs::path(folder) / file));
        CHECK_FALSE(fs::exists(fs::path(folder) / "model.safetensors"));
        Json again = o;
        again["resume"] = folder;
        auto resumed = Trainer::make("cpt", tiny_model(dtype), random_rows(20), again);
        CHECK(resumed->steps_done() == 3);
        resumed->run();
        CHECK(difference(adapter_of(*straight->model()), adapter_of(*resumed->model())) == 0);
        for (size_t i = 0; i < 6; ++i)
            CHECK(straight->history()[i].loss == resumed->history()[i].loss);
        // And dropout does something.
        Json dry = o;
        dry["dropout"] = 0;
        auto other = Trainer::make("cpt", tiny_model(dtype), random_rows(20), dry);
        other->run();
        CHECK(difference(adapter_of(*straight->model()), adapter_of(*other->model())) > 1e-3);
    }
}

TEST_CASE("a resume finds its checkpoints below output, and another base is refused", "[lora]") {
    const std::string output = fresh("lora-output");
    auto first = Trainer::make("cpt", tiny_model(), random_rows(20),
                               options({{"output", output}, {"save_steps", 2}}));
    first->run();
    CHECK(newest_checkpoint(output) == checkpoint_name(output, 6));
    auto other = tiny_model();
    for (const auto& entry : other->network->parameters().entries())
        entry.tensor.detach().mul_(1.1);
    CHECK_THROWS_WITH(Trainer::make("cpt", other, random_rows(20),
                                    options({{"output", output}, {"resume", "auto"}})),
                      Contains("other weights"));
    CHECK_THROWS_WITH(Trainer::make("cpt", tiny_model(), random_rows(20),
                                    options({{"output", output}, {"resume", "auto"}, {"rank", 8}})),
                      Contains("rank"));
}

TEST_CASE("an adapter that is there is trained on, as a copy", "[lora]") {
    auto first = Trainer::make("cpt", tiny_model(), random_rows(20), options());
    first->run();
    auto model = first->model();
    const auto before = adapter_of(*model);
    auto second = Trainer::make("cpt", model, random_rows(20), options());
    CHECK(second->options().adapter == "lora");
    CHECK(difference(adapter_of(*second->model()), before) == 0);
    second->step();
    CHECK(difference(adapter_of(*second->model()), before) > 0);
    CHECK(difference(adapter_of(*model), before) == 0);
    CHECK_THROWS_WITH(Trainer::make("cpt", model, random_rows(9), options({{"rank", 5}})),
                      Contains("rank"));
    // Another name is a new one, over the base alone.
    auto third = Trainer::make("cpt", model, random_rows(20), options({{"adapter", "b"}}));
    CHECK(Adapters::of(*third->model()->network).active() == std::vector<std::string>{"b"});
    CHECK_THROWS_WITH(Trainer::make("cpt", model, random_rows(9), {{"tune", "full"}}),
                      Contains("use(false)"));
    CHECK_THROWS_WITH(Trainer::make("cpt", tiny_model(), random_rows(9), {{"rank", 4}}),
                      Contains("lora"));
    CHECK_THROWS_WITH(
        Trainer::make("cpt", tiny_model(), random_rows(9), options({{"targets", {"nowhere"}}})),
        Contains("q_proj"));
}

// Old policies and new ones are compared by these numbers: what writes must be what trains.
TEST_CASE("log-probabilities of a rollout are those of the training forward", "[lora]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto trainer = Trainer::make("cpt", tiny_model(dtype), random_rows(20), options());
        auto model = trainer->model();
        stir(*model);
        GenerateOptions o;
        o.max_tokens = 30;
        o.temperature = 1;
        o.logprobs = true;
        o.seed = 4;
        const std::vector<int> prompt = {3, 1, 4, 1, 5, 9};
        const GenerationResult rollout = generate(*model, prompt, o);
        REQUIRE(rollout.tokens.size() == 30);
        std::vector<int> ids = prompt;
        ids.insert(ids.end(), rollout.tokens.begin(), rollout.tokens.end());

        at::AutoGradMode on(true);
        for (const AdapterLayer& layer : Adapters::of(*model->network).list()[0]->layers) {
            layer.a.requires_grad_(true);
            layer.b.requires_grad_(true);
        }
        ModelInput input;
        input.ids = at::empty({1, int64_t(ids.size())}, at::kLong);
        std::copy(ids.begin(), ids.end(), input.ids.data_ptr<int64_t>());
        at::Tensor logits = model->network->logits(model->network->hidden(input));
        REQUIRE(logits.requires_grad());
        at::Tensor logprobs = logits[0].to(at::kFloat).log_softmax(-1);
        double worst = 0;
        for (size_t i = 0; i < rollout.tokens.size(); ++i)
            worst = std::max(
                worst,
                std::abs(
                    rollout.logprobs[i].logprob -
                    logprobs[int64_t(prompt.size() + i - 1)][rollout.tokens[i]].item<double>()));
        std::printf("rollout against training log-probabilities, %s: %.1e\n", c10::toString(dtype),
                    worst);
        CHECK(worst <= (dtype == at::kFloat ? 1e-5 : 0.05));
    }
}
