// SPDX-License-Identifier: Apache-2.0
// What stands around the steps: gradient checkpointing, evaluation, pausing, estimates, and steps
// that cannot be taken.
#include <catch2/catch.hpp>

#include "ops/checkpoint.h"
#include "support.h"
#include "trainers/memory_count.h"

using namespace moonlet;
using Catch::Contains;
using test::difference;
using test::random_rows;
using test::tiny_model;
using test::weights;

namespace {

Json options(Json more = Json::object()) {
    Json base = {{"lr", 1e-2},        {"max_length", 24}, {"batch_size", 4},
                 {"warmup_ratio", 0}, {"max_steps", 3},   {"seed", 3}};
    base.update(more);
    return base;
}

}  // namespace

TEST_CASE("checkpointed layers give the very gradients", "[running]") {
    for (const std::string& family : test::decoders())
        for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
            INFO(family << " " << c10::toString(dtype));
            auto plain = tiny_model(dtype, family), saving = tiny_model(dtype, family);
            auto a = Trainer::make("cpt", plain, random_rows(20), options());
            auto b = Trainer::make("cpt", saving, random_rows(20),
                                   options({{"gradient_checkpointing", true}}));
            a->run();
            b->run();
            for (size_t i = 0; i < 3; ++i) {
                CHECK(a->history()[i].loss == b->history()[i].loss);
                CHECK(a->history()[i].grad_norm == b->history()[i].grad_norm);
            }
            CHECK(difference(weights(*plain), weights(*saving)) == 0);
        }
}

TEST_CASE("a checkpointed layer keeps its input alone", "[running]") {
    auto model = tiny_model();
    for (const auto& entry : model->network->parameters().entries())
        at::Tensor(entry.tensor).requires_grad_(true);
    ModelInput input;
    input.ids = at::zeros({2, 32}, at::kLong);
    auto kept = [&](bool on) {
        ops::Checkpointing checkpointing(on);
        MemoryCount count;
        at::Tensor hidden = model->network->hidden(input);
        return double(count.live());
    };
    const double plain = kept(false), saving = kept(true);
    const double state = 2 * 32 * 32 * 4;  // [B, T, hidden] in f32
    CHECK(plain > 20 * state);
    // Two inputs, the states and what the last norm keeps, positions and angles.
    CHECK(saving < 9 * state);
    CHECK_FALSE(ops::Checkpointing::on());
}

TEST_CASE("evaluation is the mean over held-out tokens, and changes nothing", "[running]") {
    auto model = tiny_model();
    Rows held = random_rows(7, 9);
    auto t = Trainer::make("cpt", model, random_rows(20), options({{"eval_steps", 2}}), held);
    auto before = weights(*model);
    Score score = t->evaluate(held), same = t->evaluate({});
    CHECK(score.loss == same.loss);
    CHECK(difference(before, weights(*model)) == 0);
    // All in one step at lr 0, a training says the same loss.
    auto whole = Trainer::make("cpt", tiny_model(), held,
                               options({{"batch_size", 99}, {"lr", 0}, {"max_steps", 1}}));
    CHECK(score.loss / double(score.counted) == Approx(whole->step().loss).epsilon(1e-5));
    CHECK(score.counted == whole->history()[0].tokens);
    CHECK(score.correct <= score.counted);
    t->run();
    CHECK(std::isnan(t->history()[0].eval_loss));
    CHECK(t->history()[1].eval_loss > 0);
    CHECK(t->history()[2].eval_loss == Approx(t->evaluate(held).loss / double(score.counted)));
    auto none = Trainer::make("cpt", tiny_model(), held, options());
    CHECK_THROWS_WITH(none->evaluate({}), Contains("eval = rows"));
}

TEST_CASE("pause ends a run after the step it is in", "[running]") {
    auto straight = tiny_model(), paused = tiny_model();
    auto a = Trainer::make("cpt", straight, random_rows(20), options());
    auto b = Trainer::make("cpt", paused, random_rows(20), options());
    CHECK(a->run());
    CHECK_FALSE(b->run([&](const StepRecord& r) {
        if (r.step == 1) b->pause();
        return true;
    }));
    CHECK(b->steps_done() == 1);
    CHECK(b->run());
    CHECK(difference(weights(*straight), weights(*paused)) == 0);
}

TEST_CASE("a step that cannot be taken names its rows and changes nothing", "[running]") {
    auto model = tiny_model();
    Rows rows = {{{"input_ids", {1, 2, 3}}}, {{"input_ids", {4, 5, 60}}}, {{"input_ids", {6, 7}}}};
    at::Tensor embedding = model->network->parameters().entries()[0].tensor;
    embedding[60].fill_(INFINITY);  // an id that is only asked for: its logit has no bound
    auto before = weights(*model);
    auto t = Trainer::make("cpt", model, rows,
                           options({{"batch_size", 1}, {"accumulate", 3}, {"packing", false}}));
    CHECK_THROWS_WITH(t->run(), Contains("step 1") && Contains("the weights are as before") &&
                                    Contains("rows ") && Contains("lr 0.01"));
    CHECK(t->steps_done() == 0);
    for (auto& [name, tensor] : before) CHECK(tensor.equal(weights(*model).at(name)));
    for (const auto& entry : model->network->parameters().entries())
        CHECK_FALSE(entry.tensor.requires_grad());
}

TEST_CASE("an estimate adds up, grows with the work and changes nothing", "[running]") {
    auto model = tiny_model();
    auto before = weights(*model);
    auto of = [&](Json more, const char* part) {
        Estimate e = Trainer::make("cpt", model, random_rows(40), options(more))->estimate();
        double sum = 0, found = 0;
        for (const Estimate::Part& p : e.memory) {
            sum += p.bytes;
            if (p.name == part) found = p.bytes;
        }
        CHECK(sum == Approx(e.total_bytes));
        CHECK(e.seconds > 0);
        CHECK(e.steps == 3);
        CHECK(e.trained == e.parameters);
        return found;
    };
    const double parameters = double(model->network->parameters().count());
    CHECK(of(Json::object(), "weights") == Approx(4 * parameters));
    CHECK(of(Json::object(), "optimizer") == Approx(8 * parameters));
    CHECK(of({{"batch_size", 8}}, "activations") > 1.7 * of(Json::object(), "activations"));
    CHECK(of({{"gradient_checkpointing", true}}, "activations") <
          0.5 * of(Json::object(), "activations"));
    CHECK(difference(before, weights(*model)) == 0);
    for (const auto& entry : model->network->parameters().entries()) {
        CHECK_FALSE(entry.tensor.requires_grad());
        CHECK_FALSE(entry.tensor.grad().defined());
    }
}

// What the estimate rests on: the terms in tokens and pairs foretell a wider batch.
TEST_CASE("kept activations are those that are counted", "[running]") {
    auto model = tiny_model();
    auto t = Trainer::make("cpt", model, random_rows(60),
                           options({{"batch_size", 16}, {"max_length", 40}}));
    double told = 0;
    for (const Estimate::Part& p : t->estimate().memory)
        if (p.name == "activations") told = p.bytes;
    for (const auto& entry : model->network->parameters().entries())
        at::Tensor(entry.tensor).requires_grad_(true);
    ModelInput input;
    input.ids = at::zeros({16, 40}, at::kLong);
    input.documents = at::zeros({16, 40}, at::kLong);
    MemoryCount count;
    at::Tensor hidden = model->network->hidden(input);
    INFO("told " << told << " counted " << count.live());
    if (told > 0) CHECK(told == Approx(double(count.live())).epsilon(0.1));
}
