// SPDX-License-Identifier: Apache-2.0
// What must not matter: how a step is cut into micro-batches, padding, an interrupt, a save on the
// way, which families are trained. And what must: the seed.
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "core/interrupt.h"
#include "support.h"

using namespace moonlet;
using test::difference;
using test::random_rows;
using test::tiny_model;
using test::weights;

namespace {

Json options(Json more = Json::object()) {
    Json base = {{"lr", 1e-2},        {"max_length", 24},    {"batch_size", 4}, {"max_steps", 4},
                 {"warmup_ratio", 0}, {"weight_decay", 0.1}, {"seed", 3}};
    base.update(more);
    return base;
}

}  // namespace

TEST_CASE("8 sequences at once are 8 times one", "[invariants]") {
    for (bool packing : {true, false}) {
        std::vector<std::vector<StepRecord>> histories;
        std::vector<std::map<std::string, at::Tensor>> ends;
        for (int batch : {8, 4, 1}) {
            auto model = tiny_model();
            auto t = Trainer::make(
                "cpt", model, random_rows(40),
                options({{"batch_size", batch}, {"accumulate", 8 / batch}, {"packing", packing}}));
            CHECK(t->run());
            histories.push_back(t->history());
            ends.push_back(weights(*model));
        }
        for (size_t i = 1; i < histories.size(); ++i) {
            for (size_t s = 0; s < 4; ++s) {
                CHECK(histories[i][s].tokens == histories[0][s].tokens);
                CHECK(histories[i][s].loss == Approx(histories[0][s].loss).epsilon(1e-5));
                CHECK(histories[i][s].grad_norm == Approx(histories[0][s].grad_norm).epsilon(1e-4));
            }
            CHECK(difference(ends[i], ends[0]) < 1e-3);
        }
    }
}

TEST_CASE("packing changes rows, not what a document sees", "[invariants]") {
    Rows rows = random_rows(1);  // one document: one row either way
    for (Rows more : {rows, random_rows(12)}) {
        // One step over everything, no document cut: the same sum over the same predictions.
        Json o = options({{"batch_size", 64}, {"max_length", 64}, {"max_steps", 1}});
        o["packing"] = true;
        double packed = Trainer::make("cpt", tiny_model(), more, o)->step().loss;
        o["packing"] = false;
        double apart = Trainer::make("cpt", tiny_model(), more, o)->step().loss;
        if (more.size() == 1) CHECK(packed == Approx(apart).epsilon(1e-6));
        else CHECK(packed == Approx(apart).epsilon(0.02));  // borders of rows cut some documents
    }
    // Documents of 16 predictions fill rows of 64 exactly: no cut, so the same to the last digits.
    Rows even;
    Random random(2);
    for (int i = 0; i < 12; ++i) {
        Json ids = Json::array();
        for (int k = 0; k < 17; ++k) ids.push_back(random.below(64));
        even.push_back(ids);
        even.back() = {{"input_ids", ids}};
    }
    for (const std::string& family : test::decoders()) {
        Json o = options({{"batch_size", 64}, {"max_length", 64}, {"max_steps", 1}});
        auto a = Trainer::make("cpt", tiny_model(at::kFloat, family), even, o);
        o["packing"] = false;
        auto b = Trainer::make("cpt", tiny_model(at::kFloat, family), even, o);
        a->step();
        b->step();
        INFO(family);
        CHECK(a->history()[0].loss == Approx(b->history()[0].loss).epsilon(1e-6));
        CHECK(a->history()[0].grad_norm == Approx(b->history()[0].grad_norm).epsilon(1e-5));
    }
}

TEST_CASE("every family learns, in f32 and bf16", "[invariants]") {
    Rows rows = random_rows(6);
    for (const std::string& family : test::decoders())
        for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
            INFO(family << " " << c10::toString(dtype));
            auto model = tiny_model(dtype, family);
            auto t = Trainer::make("cpt", model, rows,
                                   options({{"max_steps", 40}, {"weight_decay", 0}}));
            CHECK(t->run());
            CHECK(t->history().back().loss < t->history().front().loss - 1);
            for (const auto& entry : model->network->parameters().entries()) {
                CHECK(entry.tensor.scalar_type() == dtype);
                CHECK_FALSE(entry.tensor.requires_grad());
                CHECK_FALSE(entry.tensor.grad().defined());
            }
        }
}

// Steps far below bf16's spacing add up in the f32 masters.
TEST_CASE("small steps are not lost in bf16", "[invariants]") {
    auto model = tiny_model(at::kBFloat16);
    auto start = weights(*model);
    auto t = Trainer::make(
        "cpt", model, random_rows(6),
        options({{"lr", 2e-5}, {"max_steps", 60}, {"schedule", "constant"}, {"weight_decay", 0}}));
    t->step();
    auto one = weights(*model);
    t->run();
    at::Tensor w0 = start.at("model.layers.0.mlp.up_proj.weight"),
               w1 = one.at("model.layers.0.mlp.up_proj.weight");
    at::Tensor w60 = weights(*model).at("model.layers.0.mlp.up_proj.weight");
    CHECK((w1 != w0).to(at::kFloat).mean().item<float>() < 0.3);
    CHECK((w60 != w0).to(at::kFloat).mean().item<float>() > 0.6);
}

TEST_CASE("the seed decides the order, and nothing else", "[invariants]") {
    auto loss = [](uint64_t seed) {
        auto t = Trainer::make("cpt", tiny_model(), random_rows(40), options({{"seed", seed}}));
        t->run();
        return t->history().back().loss;
    };
    CHECK(loss(1) == loss(1));
    CHECK(loss(1) != loss(2));
    auto drawn = Trainer::make("cpt", tiny_model(), random_rows(4), {{"max_steps", 1}});
    auto other = Trainer::make("cpt", tiny_model(), random_rows(4), {{"max_steps", 1}});
    CHECK(drawn->options().seed != other->options().seed);
}

TEST_CASE("an interrupted step changes nothing", "[invariants]") {
    auto straight = tiny_model(), stopped = tiny_model();
    Json o = options({{"batch_size", 1}, {"accumulate", 4}});
    auto a = Trainer::make("cpt", straight, random_rows(40), o);
    auto b = Trainer::make("cpt", stopped, random_rows(40), o);
    a->run();
    b->step();
    auto before = weights(*stopped);
    interrupt::flag().store(int(interrupt::State::requested));
    CHECK_THROWS_AS(b->step(), Interrupted);
    CHECK_FALSE(b->run());
    CHECK(interrupt::flag().load() == int(interrupt::State::delivered));
    CHECK_THROWS_AS(b->step(), Interrupted);  // a loop of calls ends as well
    interrupt::reset();
    CHECK(b->steps_done() == 1);
    CHECK(difference(before, weights(*stopped)) == 0);
    // Stopped from within: the step that ran counts.
    CHECK_FALSE(b->run([](const StepRecord& r) { return r.step < 2; }));
    CHECK(b->steps_done() == 2);
    CHECK(b->run());
    CHECK(difference(weights(*straight), weights(*stopped)) == 0);
    CHECK_THROWS_WITH(b->step(), Catch::Contains("done after 4 steps"));
}

TEST_CASE("a loss that is no number changes nothing and says so", "[invariants]") {
    auto model = tiny_model();
    auto t = Trainer::make("cpt", model, random_rows(40), options());
    t->step();
    {
        at::Tensor norm = model->network->parameters().entries().back().tensor;
        norm.fill_(NAN);
    }
    CHECK_THROWS_WITH(t->step(), Catch::Contains("step 2") && Catch::Contains("nan"));
    CHECK(t->steps_done() == 1);
}
