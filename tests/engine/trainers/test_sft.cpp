// SPDX-License-Identifier: Apache-2.0
// Supervised fine-tuning: which tokens count, against transformers' apply_chat_template; whole
// trainings against transformers' and torch's; templates without marks; rows that cannot be used.
#include <catch2/catch.hpp>

#include "adapters/adapter.h"
#include "support.h"
#include "trainers/batches.h"
#include "trainers/checkpoint.h"
#include "trainers/conversation.h"

using namespace moonlet;
using Catch::Contains;

namespace {

const Json& golden() {
    static const Json json = read_json(test::golden("trainers/sft/sft.json").string());
    return json;
}

std::shared_ptr<LanguageModel> peer(const std::string& name = "llama") {
    return load_language_model(test::golden("trainers/sft/" + name).string());
}

Rows rows() { return golden()["rows"].get<Rows>(); }

std::shared_ptr<Trainer> trainer(const Rows& data, Json options = Json::object(),
                                 std::shared_ptr<LanguageModel> model = peer()) {
    if (!options.contains("max_steps")) options["max_steps"] = 1;
    return Trainer::make("sft", std::move(model), data, options);
}

// The template of the model without its marks.
std::shared_ptr<LanguageModel> without_marks() {
    auto model = peer();
    std::string source = model->chat_template->source();
    for (const char* mark : {"{%- generation %}", "{%- endgeneration %}"})
        source.erase(source.find(mark), std::string(mark).size());
    model->chat_template =
        ChatTemplate::from_source(source, model->chat_template->special_tokens());
    return model;
}

Json chat(const char* asked, const char* answered) {
    return {
        {"messages",
         {{{"role", "user"}, {"content", asked}}, {{"role", "assistant"}, {"content", answered}}}}};
}

std::vector<Sequence> sequences(const LanguageModel& model, const Rows& data,
                                const Json& options = {}) {
    const ObjectiveEntry& entry = Objectives::get("sft");
    return entry.make()->sequences(model, data, TrainerOptions::from_json(options, entry.own()));
}

}  // namespace

TEST_CASE("ids and counted tokens are those of apply_chat_template", "[sft]") {
    for (bool marks : {true, false}) {
        INFO((marks ? "marks" : "prefix"));
        auto model = marks ? peer() : without_marks();
        auto ours = sequences(*model, rows());
        REQUIRE(ours.size() == golden()["told"].size());
        for (size_t i = 0; i < ours.size(); ++i) {
            INFO("row " << i + 1);
            CHECK(ours[i].ids == golden()["told"][i]["ids"].get<std::vector<int>>());
            CHECK(ours[i].loss_mask == golden()["told"][i]["mask"].get<std::vector<uint8_t>>());
        }
    }
}

TEST_CASE("20 steps of full fine-tuning are those of transformers", "[sft]") {
    auto logits = read_tensors(test::golden("trainers/sft/logits.safetensors").string());
    for (const Json& c : golden()["cases"]) {
        if (c["options"].contains("tune")) continue;
        INFO(c["name"]);
        auto model = peer(c["model"]);
        auto t = trainer(rows(), c["options"], model);
        CHECK(t->data().empty == 1);
        CHECK(t->data().cut > 5);
        for (const Json& step : c["steps"]) {
            const StepRecord& ours = t->step();
            INFO("step " << ours.step);
            CHECK(ours.tokens == step["tokens"].get<int64_t>());
            CHECK(ours.lr == Approx(step["lr"].get<double>()).epsilon(1e-12).margin(1e-15));
            CHECK(ours.loss == Approx(step["loss"].get<double>()).epsilon(1e-4));
            CHECK(ours.grad_norm == Approx(step["grad_norm"].get<double>()).epsilon(1e-4));
        }
        CHECK(t->done());
        auto ours = test::weights(*model);
        for (auto& [name, norm] : c["norms"].items()) {
            INFO(name);
            REQUIRE(ours.count(name) == 1);
            CHECK(ours[name].norm().item<double>() == Approx(norm.get<double>()).epsilon(1e-4));
        }
        at::Tensor wanted = logits.at(c["name"]);
        at::Tensor gap = logits_of(*model, golden()["probe"].get<std::vector<int>>()) - wanted;
        CHECK(gap.norm().item<double>() <= 1e-4 * wanted.norm().item<double>());
    }
}

TEST_CASE("20 steps of LoRA are those of peft", "[sft]") {
    const Json& c = golden()["cases"].back();
    REQUIRE(c["name"] == "lora");
    auto model = peer(c["model"]);
    Adapters& adapters = Adapters::of(*model->network);
    adapters.load("golden", test::golden("trainers/sft/lora").string());
    adapters.use({{"golden", 1}});
    auto t = trainer(rows(), c["options"], model);
    for (const Json& step : c["steps"]) {
        const StepRecord& ours = t->step();
        INFO("step " << ours.step);
        CHECK(ours.tokens == step["tokens"].get<int64_t>());
        CHECK(ours.loss == Approx(step["loss"].get<double>()).epsilon(1e-4));
        CHECK(ours.grad_norm == Approx(step["grad_norm"].get<double>()).epsilon(1e-4));
    }
    at::Tensor wanted =
        read_tensors(test::golden("trainers/sft/logits.safetensors").string()).at("lora");
    at::Tensor gap = logits_of(*t->model(), golden()["probe"].get<std::vector<int>>()) - wanted;
    CHECK(gap.norm().item<double>() <= 1e-4 * wanted.norm().item<double>());
}

TEST_CASE("packed, padded and accumulated are one training", "[sft]") {
    // All rows in one step, so that the three see the same ones.
    const int count = 22;
    auto run = [&](Json more) {
        Json o = {{"lr", 1e-2}, {"max_steps", 2}, {"warmup_ratio", 0}, {"seed", 3}};
        o.update(more);
        auto model = peer();
        auto t = trainer(rows(), o, model);
        t->run();
        CHECK(t->history()[0].tokens == t->data().counted);
        return std::pair(t->history(), test::weights(*model));
    };
    auto padded = run({{"batch_size", count}, {"max_length", 96}});
    for (const Json& o : {Json{{"batch_size", count}, {"max_length", 96}, {"packing", true}},
                          Json{{"batch_size", 1}, {"accumulate", count}, {"max_length", 96}},
                          Json{{"batch_size", 7}, {"accumulate", 4}, {"max_length", 96}}}) {
        INFO(o.dump());
        auto other = run(o);
        for (size_t i = 0; i < 2; ++i) {
            CHECK(other.first[i].loss == Approx(padded.first[i].loss).epsilon(1e-5));
            CHECK(other.first[i].grad_norm == Approx(padded.first[i].grad_norm).epsilon(1e-4));
        }
        CHECK(test::difference(other.second, padded.second) < 2e-3);
    }
}

TEST_CASE("the end of turn counts, whatever the marks say", "[sft]") {
    auto model = peer();
    std::string source = model->chat_template->source();
    const std::string inside = "{{- message.content ~ \"<|im_end|>\" }}{%- endgeneration %}";
    source.replace(source.find(inside), inside.size(),
                   "{{- message.content }}{%- endgeneration %}{{- \"<|im_end|>\" }}");
    model->chat_template = ChatTemplate::from_source(source, {});
    Sequence s = sequences(*model, {chat("the sea", "a day")})[0];
    const int end = model->generation_config.eos_token_ids.at(0);
    REQUIRE(s.ids[s.ids.size() - 2] == end);
    CHECK(s.loss_mask[s.ids.size() - 2] == 1);
    CHECK(s.loss_mask.back() == 0);  // the newline behind it

    model->generation_config.eos_token_ids = {0};
    auto t = trainer({chat("the sea", "a day")}, {}, model);
    REQUIRE(t->data().notes.size() == 1);
    CHECK_THAT(t->data().notes[0], Contains("end tokens"));
}

TEST_CASE("a template that nobody can tell answers from is a clear error", "[sft]") {
    auto model = peer();
    // Prints the last answer only: what stands before it changes with every turn.
    model->chat_template =
        ChatTemplate::from_source("{{ messages|length }} {{ messages[-1].content }}<|im_end|>", {});
    CHECK_THROWS_WITH(trainer({chat("a", "b")}, {}, model), Contains("row 1") &&
                                                                Contains("{% generation %}") &&
                                                                Contains("assistant_only = false"));
    CHECK_NOTHROW(trainer({chat("a", "b")}, {{"assistant_only", false}}, model));
    CHECK_THAT(trainer(rows(), {}, without_marks())->data().notes.at(0), Contains("marks"));
}

TEST_CASE("every training format, and rows without a template", "[sft]") {
    auto model = peer();
    Json asked = chat("the moon", "pulls");
    auto want = sequences(*model, {asked})[0];
    for (const Json& row : {Json{{"question", "the moon"}, {"answer", "pulls"}},
                            Json{{"prompt", "the moon"}, {"completion", "pulls"}},
                            Json{{"instruction", "the moon"}, {"output", "pulls"}},
                            Json{{"parameters", "the moon"}, {"generated_text", "pulls"}},
                            Json{{"conversations",
                                  {{{"from", "human"}, {"value", "the moon"}},
                                   {{"from", "gpt"}, {"value", "pulls"}}}}}}) {
        INFO(row.dump());
        Sequence s = sequences(*model, {row})[0];
        CHECK(s.ids == want.ids);
        CHECK(s.loss_mask == want.loss_mask);
    }
    model->chat_template = nullptr;
    Sequence s = sequences(*model, {{{"prompt", "the moon"}, {"completion", " pulls"}}})[0];
    CHECK(model->tokenizer->decode(s.ids) == "the moon pulls<|im_end|>");
    CHECK_FALSE(s.loss_mask[0]);
    CHECK(s.loss_mask.back());
    CHECK_THROWS_WITH(sequences(*model, {asked}), Contains("no chat template"));
    s = sequences(*model, {{{"text", "the moon"}}})[0];
    CHECK(s.loss_mask.empty());
    s = sequences(*model, {{{"input_ids", {4, 5, 6}}, {"labels", {-100, 5, -100}}}})[0];
    CHECK(s.loss_mask == std::vector<uint8_t>{0, 1, 0});
}

TEST_CASE("rows that sft cannot use are named", "[sft]") {
    auto refuse = [](Json row) {
        try {
            trainer({chat("a", "b"), row});
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    CHECK_THAT(refuse({{"id", 1}, {"words", "x"}}), Contains("row 2") && Contains("id, words"));
    CHECK_THAT(refuse({{"input_ids", {1, 2}}, {"labels", {1, 7}}}),
               Contains("row 2") && Contains("labels has 7") && Contains("-100"));
    CHECK_THAT(refuse({{"input_ids", {1, 2}}, {"labels", {1}}}), Contains("one for each"));
    CHECK_THAT(refuse({{"input_ids", {1, 2000}}}), Contains("token id 2000"));
    CHECK_THAT(refuse({{"messages", {{{"role", "user"}, {"content", "x"}}}}, {"tools", "[{"}}),
               Contains("row 2: tools"));
    CHECK_THROWS_WITH(trainer({Json{{"messages", {{{"role", "user"}, {"content", "x"}}}}}}),
                      Contains("no token to train on"));
    CHECK_THROWS_WITH(trainer({chat("a", "b")}, {{"assistent_only", true}}),
                      Contains("assistant_only"));
}

TEST_CASE("sft has TRL's defaults", "[sft]") {
    TrainerOptions o = TrainerOptions::from_json({}, Objectives::get("sft").own());
    CHECK(o.lr == 2e-5);
    CHECK(o.max_length == 1024);
    CHECK_FALSE(o.packing);
    CHECK(o.own["assistant_only"] == true);
    CHECK(trainer({chat("a", "b")})->options().max_length == 96);  // the model's positions
}
