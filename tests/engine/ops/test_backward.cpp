// SPDX-License-Identifier: Apache-2.0
// Every op with a hand-written backward pass against its plain twin in f64, forth and back, on each
// instruction set of the machine: odd sizes, bf16, views, tensors that are used twice, inputs that
// ask for no gradient. And what is not recorded gives the same.
#include <ATen/ATen.h>

#include <array>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "ops/attention.h"
#include "ops/cpu/isa.h"
#include "ops/cross_entropy.h"
#include "ops/grad.h"
#include "ops/linear.h"
#include "ops/low_rank.h"
#include "ops/many_rows.h"
#include "ops/plain.h"
#include "ops/rms_norm.h"

using namespace moonlet;

namespace {

using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

at::Tensor random(at::IntArrayRef shape) { return at::randn(shape, at::kFloat); }

struct Result {
    at::Tensor value;
    Tensors gradients;
};

// f and the gradients of sum(f * weight) by the inputs that `asks` names.
Result run(const Function& f, const Tensors& inputs, const at::Tensor& weight,
           const std::vector<bool>& asks = {}) {
    Tensors leaves;
    for (size_t i = 0; i < inputs.size(); ++i) {
        leaves.push_back(inputs[i].detach().clone());
        if (asks.empty() || asks[i]) leaves.back().requires_grad_(true);
    }
    Result r;
    r.value = f(leaves);
    (r.value * weight.to(r.value.scalar_type())).sum().backward();
    for (at::Tensor& leaf : leaves) r.gradients.push_back(leaf.grad());
    r.value = r.value.detach();
    return r;
}

// The greatest difference, as a share of the greatest wanted number.
double apart(const at::Tensor& ours, const at::Tensor& wanted) {
    const at::Tensor w = wanted.to(at::kDouble);
    return ((ours.to(at::kDouble) - w).abs().max() / w.abs().max().clamp_min(1e-3)).item<double>();
}

void on_each_isa(const std::function<void()>& body) {
    for (const char* isa : {"none", "avx2", "avx512", "avx512_bf16"}) {
        try {
            cpu::set_isa(isa);
        } catch (const Error&) {
            continue;  // not this machine's
        }
        INFO(isa);
        body();
    }
    cpu::set_isa("");
}

// ours in f32 and bf16 against plain in f64 on the same numbers.
void compare(const Function& ours, const Function& plain, const Tensors& inputs,
             const at::Tensor& weight, double limit_bf16 = 0.02) {
    on_each_isa([&] {
        for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            INFO(c10::toString(type));
            Tensors given, wide;
            for (const at::Tensor& x : inputs) given.push_back(x.to(type));
            for (const at::Tensor& x : given) wide.push_back(x.to(at::kDouble));
            const at::Tensor by = weight.to(type);
            const double limit = type == at::kFloat ? 2e-5 : limit_bf16;
            const Result a = run(ours, given, by), b = run(plain, wide, by.to(at::kDouble));
            REQUIRE(a.value.scalar_type() == type);
            REQUIRE(a.value.sizes() == b.value.sizes());
            CHECK(apart(a.value, b.value) < limit);
            for (size_t i = 0; i < inputs.size(); ++i) {
                INFO("input " << i);
                REQUIRE(a.gradients[i].sizes() == inputs[i].sizes());
                CHECK(apart(a.gradients[i], b.gradients[i]) < limit);
            }
            at::NoGradGuard no_grad;
            CHECK(apart(ours(given), a.value) < limit);
        }
    });
}

}  // namespace

TEST_CASE("rms_norm, forth and back") {
    at::manual_seed(21);
    for (auto kind : {ops::NormWeight::rounded, ops::NormWeight::wide, ops::NormWeight::one_plus})
        for (int64_t n : {3, 16, 33, 64, 200}) {
            INFO(n << " kind " << int(kind));
            compare([&](auto& t) { return ops::rms_norm(t[0], t[1], 1e-5, kind); },
                    [&](auto& t) { return ops::rms_norm_plain(t[0], t[1], 1e-5, kind); },
                    {random({3, 7, n}), random({n})}, random({3, 7, n}));
        }
    // Many rows, so that threads share them; a view; a weight that does not train; used twice.
    at::Tensor x = random({48, 700}), w = random({48}), weight = random({700, 48});
    auto twice = [&](auto norm) {
        return [norm](const Tensors& t) {
            at::Tensor turned = t[0].t();
            return norm(turned, t[1], 1e-5, ops::NormWeight::rounded) + turned;
        };
    };
    compare(twice(ops::rms_norm), twice(ops::rms_norm_plain), {x, w}, weight);
    Result frozen = run(twice(ops::rms_norm), {x, w}, weight, {true, false});
    CHECK_FALSE(frozen.gradients[1].defined());
    CHECK(at::equal(frozen.gradients[0], run(twice(ops::rms_norm), {x, w}, weight).gradients[0]));
    Result only = run(twice(ops::rms_norm), {x, w}, weight, {false, true});
    CHECK_FALSE(only.gradients[0].defined());
}

TEST_CASE("the gate, forth and back") {
    at::manual_seed(22);
    for (int64_t n : {1, 16, 37, 50000}) {
        INFO(n);
        compare([](auto& t) { return ops::gated(ops::silu, t[0], t[1]); },
                [](auto& t) { return ops::gated_plain(ops::silu, t[0], t[1]); },
                {random({2, n}) * 4, random({2, n})}, random({2, n}));
    }
    at::Tensor edge = at::tensor({-200.0f, -88.0f, -20.0f, 0.0f, 20.0f, 88.0f, 200.0f});
    compare([](auto& t) { return ops::gated(ops::silu, t[0], t[0]); },
            [](auto& t) { return ops::gated_plain(ops::silu, t[0], t[0]); }, {edge}, at::ones({7}));
    at::Tensor bad = at::full({3}, std::numeric_limits<float>::quiet_NaN());
    CHECK(at::isnan(ops::gated(ops::silu, bad, bad)).all().item<bool>());
}

TEST_CASE("rotation, forth and back") {
    at::manual_seed(23);
    for (int64_t dim : {6, 32, 64}) {
        ops::Rope rope({.dim = dim});
        at::Tensor positions = at::randint(400, {2, 9}, at::kLong);
        for (at::ScalarType by : {at::kFloat, at::kBFloat16})
            for (int64_t rest : {0, 5}) {
                INFO(dim << " + " << rest << ", angles " << c10::toString(by));
                const ops::Angles angles = rope.angles(positions, by);
                const ops::Angles wide = {angles.cos.to(at::kDouble), angles.sin.to(at::kDouble)};
                // Heads beside each other, as a projection leaves them.
                compare([&](auto& t) { return ops::rotate(t[0].transpose(1, 2), angles); },
                        [&](auto& t) { return ops::rotate_plain(t[0].transpose(1, 2), wide); },
                        {random({2, 9, 3, dim + rest})}, random({2, 3, 9, dim + rest}));
            }
        at::Tensor x = random({2, 3, 9, dim});
        const ops::Angles angles = rope.angles(positions, at::kFloat);
        CHECK(at::equal(ops::rotate(x, angles), ops::rotate_plain(x, angles)));
    }
}

TEST_CASE("attention for many queries, forth and back") {
    at::manual_seed(24);
    struct Shape {
        int64_t heads, kv_heads, queries, width, value_width;
    };
    for (const Shape s : {Shape{2, 2, 8, 16, 16}, Shape{6, 2, 13, 20, 33}, Shape{4, 1, 50, 64, 64},
                          Shape{3, 3, 130, 80, 80}, Shape{16, 1, 9, 7, 5}})
        for (int kind = 0; kind < 4; ++kind) {
            INFO(s.heads << "/" << s.kv_heads << " heads, " << s.queries << " queries of "
                         << s.width << ", mask " << kind);
            ops::MaskOptions options{s.queries, 0, kind != 1, {}, {}, at::kFloat, at::kCPU};
            if (kind == 2) {
                options.padding = at::ones({2, s.queries}, at::kBool);
                options.padding[1].narrow(0, 0, 3).fill_(false);
            }
            if (kind == 3)
                options.documents = at::arange(s.queries, at::kLong).div(4, "floor").repeat({2, 1});
            const ops::AttentionMask mask = ops::make_mask(options);
            ops::AttentionMask wide = mask;
            if (wide.bias.defined()) wide.bias = wide.bias.to(at::kDouble);
            // [B, T, H, D] as projections leave them
            auto turned = [](const Tensors& t, size_t i) { return t[i].transpose(1, 2); };
            compare(
                [&](auto& t) {
                    return ops::attention(turned(t, 0), turned(t, 1), turned(t, 2), mask, {0.4});
                },
                [&](auto& t) {
                    return ops::attention_plain(turned(t, 0), turned(t, 1), turned(t, 2), wide,
                                                {0.4});
                },
                {random({2, s.queries, s.heads, s.width}),
                 random({2, s.queries, s.kv_heads, s.width}),
                 random({2, s.queries, s.kv_heads, s.value_width})},
                random({2, s.heads, s.queries, s.value_width}), 0.03);
        }
}

TEST_CASE("attention: more queries than fit one block, and a cache before them") {
    at::manual_seed(25);
    at::Tensor q = random({1, 2, 700, 16}), k = random({1, 1, 700, 16}),
               v = random({1, 1, 700, 16});
    const ops::AttentionMask causal = ops::make_mask({700, 0, true, {}, {}, at::kFloat, at::kCPU});
    compare([&](auto& t) { return ops::attention(t[0], t[1], t[2], causal, {0.25}); },
            [&](auto& t) { return ops::attention_plain(t[0], t[1], t[2], causal, {0.25}); },
            {q, k, v}, random({1, 2, 700, 16}), 0.03);
    const ops::AttentionMask late = ops::make_mask({20, 680, true, {}, {}, at::kFloat, at::kCPU});
    at::Tensor few = q.narrow(2, 680, 20);
    at::NoGradGuard no_grad;
    on_each_isa([&] {
        CHECK(apart(ops::attention(few, k, v, late, {0.25}),
                    ops::attention(q, k, v, causal, {0.25}).narrow(2, 680, 20)) < 1e-5);
    });
}

TEST_CASE("a product with a low-rank one beside it, forth and back") {
    at::manual_seed(26);
    for (int64_t rank : {1, 8, 16, 19, 40})
        for (auto [in, out] : {std::pair<int64_t, int64_t>{5, 3}, {48, 70}, {600, 33}}) {
            INFO("rank " << rank << ", " << in << " to " << out);
            at::Tensor x = random({3, 11, in}), w = random({out, in}), a = random({rank, in}),
                       b = random({out, rank}), bias = random({out}), g = random({3, 11, out});
            on_each_isa([&] {
                for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
                    INFO(c10::toString(type));
                    const double limit = type == at::kFloat ? 2e-5 : 0.02;
                    const at::Tensor wn = w.to(type), bn = bias.to(type);
                    auto plain = [&](auto& t) {
                        return ops::add_low_rank_plain(
                            at::linear(t[0], wn.to(at::kDouble), bn.to(at::kDouble)), t[0],
                            {t[1], t[2], 0.7});
                    };
                    auto one = [&](auto& t) {
                        return ops::linear_low_rank(t[0], wn, bn, {t[1], t[2], 0.7});
                    };
                    auto two = [&](auto& t) {
                        return ops::add_low_rank(at::linear(t[0], wn, bn), t[0], {t[1], t[2], 0.7});
                    };
                    const Tensors given = {x.to(type), a, b};
                    const Tensors wide = {given[0].to(at::kDouble), a.to(at::kDouble),
                                          b.to(at::kDouble)};
                    const at::Tensor by = g.to(type);
                    const Result wanted = run(plain, wide, by.to(at::kDouble));
                    for (const Function& ours : {Function(one), Function(two)}) {
                        const Result r = run(ours, given, by);
                        CHECK(apart(r.value, wanted.value) < limit);
                        for (size_t i = 0; i < 3; ++i)
                            CHECK(apart(r.gradients[i], wanted.gradients[i]) < limit);
                        const Result frozen = run(ours, given, by, {false, true, true});
                        CHECK_FALSE(frozen.gradients[0].defined());
                        CHECK(at::equal(frozen.gradients[1], r.gradients[1]));
                        CHECK(at::equal(frozen.gradients[2], r.gradients[2]));
                        at::NoGradGuard no_grad;
                        CHECK(at::equal(ours(given), r.value));
                    }
                    // B = 0 gives the base's bits.
                    at::NoGradGuard no_grad;
                    CHECK(
                        at::equal(ops::linear_low_rank(given[0], wn, bn, {a, at::zeros_like(b), 1}),
                                  at::linear(given[0], wn, bn)));
                }
            });
        }
}

TEST_CASE("the chunked loss, forth and back, in bf16 too") {
    at::manual_seed(27);
    at::Tensor hidden = random({2, 9, 24}), head = random({53, 24}),
               targets = at::randint(53, {2, 9}, at::kLong);
    targets[0][4] = ops::kIgnore;
    auto loss = [&](bool plain) {
        return [&targets, plain](const Tensors& t) {
            const Linear linear(plain_weight(t[1], {}));
            return (plain ? ops::cross_entropy_plain(t[0], linear, targets)
                          : ops::cross_entropy(t[0], linear, targets, 5))
                .sum;
        };
    };
    on_each_isa([&] {
        for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            INFO(c10::toString(type));
            const Tensors given = {hidden.to(type), head.to(type)};
            const Tensors wide = {given[0].to(at::kDouble), given[1].to(at::kDouble)};
            const at::Tensor by = at::full({}, 0.125f);
            const Result ours = run(loss(false), given, by), wanted = run(loss(true), wide, by);
            const double limit = type == at::kFloat ? 2e-5 : 0.02;
            CHECK(apart(ours.value, wanted.value) < limit);
            for (size_t i = 0; i < 2; ++i)
                CHECK(apart(ours.gradients[i], wanted.gradients[i]) < limit);
        }
    });
    const Tensors given = {hidden, head};
    at::Tensor leaf = hidden.clone();
    leaf.requires_grad_(true);
    at::Tensor once = loss(false)({leaf, head});
    once.backward({}, true);
    CHECK_THROWS_AS(once.backward(), Error);
}

TEST_CASE("products of many rows, forth and back") {
    at::manual_seed(29);
    // The last one is large enough for the other library.
    for (auto [rows, in, out] : {std::array<int64_t, 3>{5, 7, 3}, {70, 33, 50}, {130, 257, 140}}) {
        INFO(rows << " x " << in << " -> " << out);
        for (bool bias : {false, true})
            compare(
                [&](auto& t) {
                    return ops::many_rows_linear(t[0], t[1], bias ? t[2] : at::Tensor());
                },
                [&](auto& t) { return at::linear(t[0], t[1], bias ? t[2] : at::Tensor()); },
                bias ? Tensors{random({2, rows, in}), random({out, in}), random({out})}
                     : Tensors{random({2, rows, in}), random({out, in})},
                random({2, rows, out}));
        // A weight that is stored the other way round; inputs that ask for nothing.
        compare([&](auto& t) { return ops::many_rows_linear(t[0], t[1].t()); },
                [&](auto& t) { return at::linear(t[0], t[1].t()); },
                {random({rows, in}), random({in, out})}, random({rows, out}));
        const Tensors given = {random({rows, in}), random({out, in})};
        const at::Tensor weight = random({rows, out});
        auto product = [](auto& t) { return ops::many_rows_linear(t[0], t[1]); };
        const Result both = run(product, given, weight);
        const Result left = run(product, given, weight, {true, false});
        const Result right = run(product, given, weight, {false, true});
        CHECK_FALSE(left.gradients[1].defined());
        CHECK_FALSE(right.gradients[0].defined());
        CHECK(at::equal(left.gradients[0], both.gradients[0]));
        CHECK(at::equal(right.gradients[1], both.gradients[1]));
    }
}

TEST_CASE("products that have their input made again") {
    at::manual_seed(30);
    const Tensors given = {random({2, 20, 48}), random({48}), random({30, 48}), random({30, 48}),
                           random({48, 30})};
    const at::Tensor weight = random({2, 20, 48});
    auto block = [](auto norm, auto linear, auto gate) {
        return [=](const Tensors& t) {
            const at::Tensor even = norm(t[0], t[1], 1e-5, ops::NormWeight::wide);
            // Two products read one norm; a third reads the gate.
            return t[0] + linear(gate(ops::silu, linear(even, t[2], at::Tensor()),
                                      linear(even, t[3], at::Tensor())),
                                 t[4], at::Tensor());
        };
    };
    compare(block(ops::rms_norm, ops::many_rows_linear, ops::gated),
            block(
                ops::rms_norm_plain,
                [](const auto& x, const auto& w, const auto& b) { return at::linear(x, w, b); },
                ops::gated_plain),
            given, weight, 0.03);
    // With low-rank products on top of frozen weights, too.
    const Tensors more = {given[0], given[1], random({30, 48}), random({4, 48}), random({30, 4})};
    const at::Tensor by = random({2, 20, 30});
    auto adapted = [](const Tensors& t) {
        const at::Tensor even = ops::rms_norm(t[0], t[1], 1e-5);
        return ops::linear_low_rank(even, t[2].detach(), {}, {t[3], t[4], 0.5});
    };
    auto plain = [](const Tensors& t) {
        const at::Tensor even = ops::rms_norm_plain(t[0], t[1], 1e-5);
        return ops::add_low_rank_plain(at::linear(even, t[2].detach()), even, {t[3], t[4], 0.5});
    };
    const std::vector<bool> asks = {true, true, false, true, true};
    Tensors wide;
    for (const at::Tensor& x : more) wide.push_back(x.to(at::kDouble));
    const Result ours = run(adapted, more, by, asks);
    const Result wanted = run(plain, wide, by.to(at::kDouble), asks);
    for (size_t i = 0; i < more.size(); ++i)
        if (asks[i]) CHECK(apart(ours.gradients[i], wanted.gradients[i]) < 2e-5);
}
