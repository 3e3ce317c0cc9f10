// SPDX-License-Identifier: Apache-2.0
// The grouped experts equal their plain twin in both directions, also where an expert has no token;
// a token's result does not depend on the others; routes are what the two orders say.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "ops/experts.h"
#include "ops/grad.h"
#include "ops/observer.h"

using namespace moonlet;
using Catch::Matchers::Contains;

namespace {

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

struct Setup {
    at::Tensor x, router, weights;
    explicit Setup(int64_t tokens, int64_t count) {
        at::manual_seed(7);
        x = at::randn({tokens, 6});
        router = at::randn({count, 6});
        router[1].fill_(-100);  // nobody asks for it
        weights = at::randn({count, 6, 6});
        for (at::Tensor* t : {&x, &router, &weights}) t->requires_grad_(true);
    }
    ops::Routes routes(const ops::RouteOptions& o) const {
        return ops::route(at::linear(x.abs(), router), o);
    }
    ops::Expert expert() const {
        return [this](int64_t i, const at::Tensor& rows) {
            return at::tanh(at::linear(rows, weights[i]));
        };
    }
    std::vector<at::Tensor> gradients(const at::Tensor& y) {
        for (at::Tensor* t : {&x, &router, &weights}) t->mutable_grad() = at::Tensor();
        (y * at::arange(y.numel()).view(y.sizes())).sum().backward();
        return {x.grad(), router.grad(), weights.grad()};
    }
};

struct Listener : ops::Observer {
    std::vector<std::pair<at::Tensor, at::Tensor>> heard;
    void route(const at::Tensor& experts, const at::Tensor& weights) override {
        heard.emplace_back(experts, weights);
    }
};

}  // namespace

TEST_CASE("grouped experts equal their plain twin, with gradients") {
    for (auto [tokens, count, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 4, 1},
                                    {1, 5, 3},
                                    {9, 4, 1},
                                    {11, 5, 2},
                                    {3, 8, 4},
                                    {40, 3, 2}}) {
        CAPTURE(tokens, count, k);
        for (ops::RouteOptions o : {ops::RouteOptions{k, true, true, true},
                                    {k, true, false, false},
                                    {k, false, true, false}}) {
            Setup s(tokens, count);
            auto routes = s.routes(o);
            CHECK((routes.experts == 1).any().item<bool>() == false);
            at::Tensor grouped = ops::experts(s.x, routes, count, s.expert());
            auto ours = s.gradients(grouped);
            routes = s.routes(o);
            at::Tensor plain = ops::experts_plain(s.x, routes, count, s.expert());
            auto theirs = s.gradients(plain);
            CHECK(difference(grouped, plain) < 1e-5);
            for (size_t i = 0; i < ours.size(); ++i) CHECK(difference(ours[i], theirs[i]) < 1e-3);
            at::NoGradGuard no_grad;
            CHECK(difference(ops::experts(s.x, s.routes(o), count, s.expert()), plain) < 1e-5);
        }
    }
}

TEST_CASE("a token's experts do not depend on its company") {
    at::NoGradGuard no_grad;
    Setup s(30, 6);
    const ops::RouteOptions o{3, true, true, false};
    at::Tensor together = ops::experts(s.x, s.routes(o), 6, s.expert());
    at::Tensor all = s.x;
    for (int64_t i = 0; i < 30; i += 7) {
        s.x = all.narrow(0, i, 1);
        CHECK(difference(ops::experts(s.x, s.routes(o), 6, s.expert())[0], together[i]) < 1e-6);
    }
}

TEST_CASE("routes: both orders, and who listens") {
    at::Tensor logits = at::tensor({1.0, 3.0, 2.0, -1.0}).to(at::kFloat).view({1, 4});
    at::Tensor all = at::softmax(logits, -1).flatten();
    Listener listener;
    ops::Observing observing(listener);
    auto plain = ops::route(logits, {2, true, false, false});
    CHECK(plain.experts.equal(at::tensor({1, 2}, at::kLong).view({1, 2})));
    CHECK(difference(plain.weights.flatten(), at::stack({all[1], all[2]})) < 1e-6);
    auto normal = ops::route(logits, {2, true, true, false});
    CHECK(std::abs(normal.weights.sum().item<double>() - 1) < 1e-6);
    auto late = ops::route(logits, {2, false, true, false});
    CHECK(difference(late.weights, normal.weights) < 1e-6);  // the same in exact numbers
    CHECK(listener.heard.size() == 3);
    CHECK(listener.heard[0].first.equal(plain.experts));
    at::Tensor half = logits.to(at::kBFloat16);
    CHECK(ops::route(half, {2, true, true, true}).weights.scalar_type() == at::kFloat);
    CHECK(ops::route(half, {2, true, true, false}).weights.scalar_type() == at::kBFloat16);
    CHECK(ops::route(half, {2, false, true, false}).weights.scalar_type() == at::kBFloat16);
    CHECK_THROWS_WITH(ops::route(logits, {5, true, true, false}), Contains("1 to 4"));
}

TEST_CASE("the clamped gate of gpt-oss") {
    at::Tensor x = at::tensor({1.0, 2.0, 9.0, -9.0, -20.0, 0.5}).to(at::kFloat);
    auto one = [](double gate, double up) {
        gate = std::min(gate, 7.0);
        up = std::clamp(up, -7.0, 7.0);
        return float((up + 1) * gate / (1 + std::exp(-1.702 * gate)));
    };
    at::Tensor wanted = at::tensor({one(1, 2), one(9, -9), one(-20, 0.5)});
    CHECK(difference(ops::clamped_swiglu(x, 1.702, 7), wanted) < 1e-5);
}
