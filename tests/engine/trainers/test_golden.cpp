// SPDX-License-Identifier: Apache-2.0
// Whole trainings against torch and transformers: each step's loss, gradient norm and learning
// rate, the gradients of a step, and the weights at the end. The peer runs every piece of a
// document by itself, so packing, masks and padding are measured too.
#include <catch2/catch.hpp>

#include "support.h"
#include "trainers/checkpoint.h"

using namespace moonlet;
using test::difference;

namespace {

Json golden() { return read_json(test::golden("trainers/cpt.json").string()); }

Rows documents(const Json& golden) {
    Rows rows;
    for (const Json& ids : golden["documents"]) rows.push_back({{"input_ids", ids}});
    return rows;
}

std::shared_ptr<LanguageModel> peer_model() {
    auto model = std::make_shared<LanguageModel>();
    model->network = load_model(test::golden("trainers/llama").string());
    return model;
}

std::map<std::string, at::Tensor> tensors(const std::string& name) {
    return read_tensors(test::golden("trainers/" + name + ".safetensors").string());
}

}  // namespace

TEST_CASE("trainings are those of torch and transformers", "[golden]") {
    Json all = golden();
    REQUIRE(all["cases"].size() == 4);
    for (const Json& c : all["cases"]) {
        auto model = peer_model();
        auto trainer = Trainer::make("cpt", model, documents(all), c["options"]);
        INFO(c["name"]);
        REQUIRE(trainer->steps_total() == int(c["steps"].size()));
        for (const Json& step : c["steps"]) {
            const StepRecord& ours = trainer->step();
            INFO("step " << ours.step);
            CHECK(ours.tokens == step["tokens"].get<int64_t>());
            CHECK(ours.lr == Approx(step["lr"].get<double>()).epsilon(1e-12).margin(1e-15));
            CHECK(ours.loss == Approx(step["loss"].get<double>()).margin(1e-5));
            CHECK(ours.grad_norm == Approx(step["grad_norm"].get<double>()).margin(1e-5));
        }
        CHECK(trainer->done());
        std::string name = c["name"];
        if (name == "cosine" || name == "floor")
            CHECK(difference(test::weights(*model), tensors(name)) <= 1e-5);
    }
}

// With beta1 = 0 the first mean of the gradients is the (clipped) gradient itself.
TEST_CASE("gradients of one step are torch's", "[golden]") {
    Json all = golden(), options = all["cases"][0]["options"];
    options["beta1"] = 0.0;
    auto trainer = Trainer::make("cpt", peer_model(), documents(all), options);
    trainer->step();
    std::string folder = (test::scratch() / "gradients").string();
    trainer->save(folder);
    auto state = read_tensors(folder + "/optimizer.safetensors");
    std::map<std::string, at::Tensor> ours;
    const std::string suffix = ".exp_avg";
    for (const auto& [name, tensor] : state)
        if (name.size() > suffix.size() &&
            name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0)
            ours[name.substr(0, name.size() - suffix.size())] = tensor;
    CHECK(ours.size() == 20);
    CHECK(difference(ours, tensors("gradients")) <= 1e-5);
}

TEST_CASE("the weights' file is never written", "[golden]") {
    std::string file = test::golden("trainers/llama/model.safetensors").string(),
                before = read_file(file);
    Json all = golden();
    auto model = peer_model();
    auto start = test::weights(*model);
    auto trainer = Trainer::make("cpt", model, documents(all),
                                 {{"lr", 0.1}, {"warmup_ratio", 0}, {"max_length", 16}});
    trainer->step();
    CHECK(difference(start, test::weights(*model)) > 0.01);
    CHECK((read_file(file) == before));
}
