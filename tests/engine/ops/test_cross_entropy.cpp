// SPDX-License-Identifier: Apache-2.0
// The chunked loss equals the plain one in value and in every gradient: of the states, of the
// head's weight, of what lies below, and when the same weight is used elsewhere too (tied
// embeddings).
#include "ops/cross_entropy.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "ops/embedding.h"
#include "ops/grad.h"
#include "ops/linear.h"

using namespace moonlet;
using Catch::Matchers::Contains;

namespace {

struct Case {
    at::Tensor table, below, ids, targets;
};

Case make() {
    at::manual_seed(11);
    Case c{at::randn({23, 6}), at::randn({6, 6}), at::randint(23, {3, 7}, at::kLong),
           at::randint(23, {3, 7}, at::kLong)};
    c.targets[0].fill_(ops::kIgnore);
    c.targets[2][3] = ops::kIgnore;
    return c;
}

struct Result {
    double loss;
    int64_t count;
    at::Tensor table, below;
};

// A tied model: states = tanh(embed(ids) below), head = table.
Result run(const Case& c, int64_t chunk_rows, bool plain, bool frozen_states = false) {
    at::Tensor table = c.table.clone(), below = c.below.clone();
    table.requires_grad_(true);
    if (!frozen_states) below.requires_grad_(true);
    Linear head(plain_weight(table, {}));
    at::Tensor states =
        at::tanh(at::matmul(ops::embedding(frozen_states ? table.detach() : table, c.ids), below));
    auto loss = plain ? ops::cross_entropy_plain(states, head, c.targets)
                      : ops::cross_entropy(states, head, c.targets, chunk_rows);
    (loss.sum / double(loss.count)).backward();
    return {loss.sum.item<double>(), loss.count, table.grad(), below.grad()};
}

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

}  // namespace

TEST_CASE("chunked equals plain, value and gradients") {
    Case c = make();
    Result plain = run(c, 0, true);
    CHECK(plain.count == 13);
    for (int64_t chunk : {0, 1, 4, 5, 13, 100}) {
        INFO("chunk " << chunk);
        Result ours = run(c, chunk, false);
        CHECK(ours.count == plain.count);
        CHECK(ours.loss == Approx(plain.loss).epsilon(1e-6));
        CHECK(difference(ours.table, plain.table) < 1e-6);
        CHECK(difference(ours.below, plain.below) < 1e-6);
    }
}

TEST_CASE("a trainable head over frozen states gets its gradient") {
    Case c = make();
    Result plain = run(c, 0, true, true), ours = run(c, 4, false, true);
    CHECK(difference(ours.table, plain.table) < 1e-6);
}

TEST_CASE("gradients of several chunked losses add up") {
    Case c = make();
    at::Tensor table = c.table.clone();
    table.requires_grad_(true);
    Linear head(plain_weight(table, {}));
    at::Tensor states = at::randn({3, 7, 6});
    for (int i = 0; i < 2; ++i) ops::cross_entropy(states, head, c.targets, 4).sum.backward();
    at::Tensor twice = table.grad().clone();
    table.mutable_grad().reset();
    (ops::cross_entropy_plain(states, head, c.targets).sum * 2).backward();
    CHECK(difference(twice, table.grad()) < 1e-5);
}

TEST_CASE("all ignored, no gradient asked, and wrong targets") {
    Case c = make();
    Linear head(plain_weight(c.table, {}));
    at::Tensor states = at::randn({3, 7, 6});
    auto none = ops::cross_entropy(states, head, at::full({3, 7}, ops::kIgnore, at::kLong));
    CHECK(none.count == 0);
    CHECK(none.sum.item<float>() == 0);
    {
        at::NoGradGuard no_grad;
        auto a = ops::cross_entropy(states, head, c.targets, 2);
        CHECK(a.sum.item<float>() ==
              Approx(ops::cross_entropy_plain(states, head, c.targets).sum.item<float>()));
        CHECK_FALSE(a.sum.requires_grad());
    }
    CHECK_THROWS_WITH(ops::cross_entropy(states, head, at::full({3, 7}, 23, at::kLong)),
                      Contains("target 23"));
    CHECK_THROWS_WITH(ops::cross_entropy(states, head, at::full({3, 7}, -1, at::kLong)),
                      Contains("target -1"));
    CHECK_THROWS_WITH(ops::cross_entropy(states, head, at::zeros({3, 6}, at::kLong)),
                      Contains("18 targets for 21"));
}

TEST_CASE("token log-probabilities") {
    Case c = make();
    Linear head(plain_weight(c.table, {}));
    at::Tensor states = at::randn({3, 7, 6});
    at::Tensor all = at::log_softmax(head(states), -1);
    at::Tensor found = ops::token_logprobs(states, head, c.targets, 4);
    REQUIRE(found.sizes() == c.targets.sizes());
    for (int64_t row = 0; row < 3; ++row)
        for (int64_t i = 0; i < 7; ++i) {
            int64_t target = c.targets[row][i].item<int64_t>();
            double wanted = target == ops::kIgnore ? 0.0 : all[row][i][target].item<double>();
            CHECK(found[row][i].item<double>() == Approx(wanted).margin(1e-5));
        }
}
