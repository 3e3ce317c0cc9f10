// SPDX-License-Identifier: Apache-2.0
// Our numbers against transformers' (scripts/golden/models.py), family by config; prints the table.
#include <catch2/catch.hpp>
#include <cstdio>
#include <set>

#include "support.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

constexpr double kLogitLimit = 1e-4;     // f32, max abs
constexpr double kGradientLimit = 1e-5;  // f32, max abs
constexpr double kHalfLimit = 0.03;      // bf16: of the largest number

// Logits where the model has a head, else hidden states.
struct Answer {
    at::Tensor hidden, logits;
};

Answer answer(Model& model, const ModelInput& input, bool head) {
    at::NoGradGuard no_grad;
    Answer a{model.hidden(input), {}};
    if (head) a.logits = model.logits(a.hidden);
    return a;
}

ModelInput single(const std::map<std::string, at::Tensor>& golden) {
    ModelInput input;
    input.ids = golden.at("ids");
    if (golden.count("positions")) input.positions = golden.at("positions");
    if (golden.count("types")) input.token_type_ids = golden.at("types");
    return input;
}

// Difference on the real tokens of a padded batch.
double batch_difference(Model& model, const std::map<std::string, at::Tensor>& golden,
                        const std::string& side, bool head) {
    ModelInput input;
    input.ids = golden.at(side + ".ids");
    input.mask = golden.at(side + ".mask");
    Answer a = answer(model, input, head);
    const at::Tensor& ours = head ? a.logits : a.hidden;
    const at::Tensor& theirs = golden.at(side + (head ? ".logits" : ".hidden"));
    REQUIRE(at::isfinite(ours).all().item<bool>());
    return difference(ours.index({input.mask}), theirs.index({input.mask}));
}

double gradient_difference(Model& model, const std::map<std::string, at::Tensor>& golden,
                           int& compared) {
    for (const auto& entry : model.parameters().entries()) entry.tensor.requires_grad_(true);
    at::Tensor logits = model.logits(model.hidden(single(golden))).squeeze(0);
    at::Tensor loss = at::cross_entropy_loss(logits, golden.at("loss.targets").squeeze(0));
    CHECK(difference(loss, golden.at("loss")) < 1e-5);
    loss.backward();
    double worst = 0;
    for (const auto& entry : model.parameters().entries()) {
        auto wanted = golden.find("grad." + entry.name);
        if (wanted == golden.end()) continue;
        INFO(entry.name);
        REQUIRE(entry.tensor.grad().defined());
        worst = std::max(worst, difference(entry.tensor.grad(), wanted->second));
        ++compared;
    }
    return worst;
}

}  // namespace

TEST_CASE("families give transformers' numbers") {
    std::set<std::string> seen;
    std::printf("%-22s %-9s %9s %9s %9s %9s %9s\n", "config", "dtype", "hidden", "logits",
                "right pad", "left pad", "gradient");
    for (const std::string& name : golden_models()) {
        INFO(name);
        auto golden = numbers_of(name);
        auto model = load_model(folder_of(name), {std::nullopt, "cpu"});
        seen.insert(model->model_type());
        const bool half = model->parameters().dtype() != at::kFloat, head = golden.count("logits");
        Answer a = answer(*model, single(golden), head);
        double hidden = difference(a.hidden, golden.at("hidden"));
        double logits = head ? difference(a.logits, golden.at("logits")) : 0;
        double right = batch_difference(*model, golden, "right", head);
        double left = golden.count("left.ids") ? batch_difference(*model, golden, "left", head) : 0;
        int compared = 0;
        double gradient = golden.count("loss") ? gradient_difference(*model, golden, compared) : 0;
        std::printf("%-22s %-9s %9.1e %9.1e %9.1e %9.1e %9.1e (%d tensors)\n", name.c_str(),
                    c10::toString(model->parameters().dtype()), hidden, logits, right, left,
                    gradient, compared);
        auto limit_of = [&](const char* key) {
            return half ? kHalfLimit * golden.at(key).abs().max().item<double>() : kLogitLimit;
        };
        double limit = limit_of(head ? "logits" : "hidden");
        CHECK(hidden <= limit_of("hidden"));
        CHECK(logits <= limit);
        CHECK(right <= limit);
        CHECK(left <= limit);
        CHECK(gradient <= kGradientLimit);
        if (golden.count("loss")) CHECK(compared >= 4);
    }
    for (const std::string& family : Families::names()) {
        INFO("registered family without a golden row: " << family);
        CHECK(seen.count(family) == 1);
    }
}
