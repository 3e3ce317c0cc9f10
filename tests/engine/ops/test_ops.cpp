// SPDX-License-Identifier: Apache-2.0
// Fused and plain paths of the ops agree, on odd sizes, other dtypes and values at the edge, in
// both directions where there is a gradient.
#include <ATen/ATen.h>
#include <ATen/TensorIndexing.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/cpu/isa.h"
#include "ops/embedding.h"
#include "ops/grad.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"

using namespace moonlet;
using Catch::Matchers::Contains;

namespace {

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kFloat) {
    return at::randn(shape, at::TensorOptions().dtype(at::kFloat)).to(type);
}

// Gradients of sum(f(inputs) * weight) by each input.
template <class F>
std::vector<at::Tensor> gradients(F f, std::vector<at::Tensor> inputs, const at::Tensor& weight) {
    for (at::Tensor& input : inputs) {
        input = input.detach().clone();
        input.requires_grad_(true);
    }
    (f(inputs) * weight).sum().backward();
    std::vector<at::Tensor> result;
    for (at::Tensor& input : inputs) result.push_back(input.grad());
    return result;
}

}  // namespace

TEST_CASE("rms_norm: the fused kernel equals its plain twin") {
    at::manual_seed(1);
    at::NoGradGuard no_grad;
    for (const char* isa : {"none", "avx2", "avx512"}) {
        try {
            cpu::set_isa(isa);
        } catch (const Error&) {
            continue;  // not this machine's
        }
        INFO(isa);
        for (int64_t n : {1, 3, 16, 17, 31, 64, 100, 384, 1024, 4097})
            for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
                INFO(n << " " << c10::toString(type));
                at::Tensor x = random({2, 5, n}, type), w = random({n}, type);
                at::Tensor fused = ops::rms_norm(x, w, 1e-6),
                           plain = ops::rms_norm_plain(x, w, 1e-6);
                REQUIRE(fused.scalar_type() == type);
                REQUIRE(fused.sizes() == x.sizes());
                // bf16: both round twice from f32 sums that differ in the last bit, so that a tie
                // may fall to either side, once: one part in 128.
                double limit = type == at::kFloat ? 1e-5 : 1.0 / 128;
                CHECK(((fused - plain).abs() / plain.abs().clamp_min(1)).max().item<double>() <=
                      limit);
            }
    }
    cpu::set_isa("");
}

TEST_CASE("rms_norm: views, many rows, NaN, infinity, zeros, no rows") {
    at::manual_seed(2);
    at::NoGradGuard no_grad;
    at::Tensor w = random({48});
    at::Tensor turned = random({48, 33}).t();
    CHECK(difference(ops::rms_norm(turned, w, 1e-6), ops::rms_norm_plain(turned, w, 1e-6)) < 1e-5);
    at::Tensor many = random({3000, 48});
    CHECK(difference(ops::rms_norm(many, w, 1e-6), ops::rms_norm_plain(many, w, 1e-6)) < 1e-5);
    CHECK(ops::rms_norm(at::empty({0, 48}), w, 1e-6).size(0) == 0);
    CHECK(at::equal(ops::rms_norm(at::zeros({2, 48}), w, 1e-6), at::zeros({2, 48})));
    for (at::ScalarType type : {at::kFloat, at::kBFloat16})
        for (double bad :
             {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
            at::Tensor x = random({1, 48}, type);
            x[0][5] = bad;
            CHECK(at::isnan(ops::rms_norm(x, w.to(type), 1e-6))[0][5].item<bool>());
        }
    at::Tensor half = random({2, 48}, at::kHalf);  // served by the plain twin
    CHECK(at::equal(ops::rms_norm(half, w.to(at::kHalf), 1e-6),
                    ops::rms_norm_plain(half, w.to(at::kHalf), 1e-6)));
}

TEST_CASE("attention equals its plain twin, with its gradients, for every mask and grouping") {
    at::manual_seed(3);
    const int64_t batch = 2, heads = 4, width = 8, queries = 7;
    at::Tensor padding = at::ones({batch, queries}, at::kBool);
    padding[1].narrow(0, 0, 3).fill_(false);
    at::Tensor documents = at::tensor({0, 0, 0, 1, 1, 2, 2}, at::kLong).repeat({batch, 1});
    for (int64_t kv_heads : {1, 2, 4})
        for (int kind = 0; kind < 6; ++kind) {
            INFO("kv heads " << kv_heads << ", mask kind " << kind);
            ops::MaskOptions options{queries, 0, true, {}, {}, at::kFloat, at::kCPU};
            if (kind == 1) options.causal = false;
            if (kind == 2) options.padding = padding;
            if (kind == 3) options.documents = documents;
            if (kind == 4) options.past = 5;
            if (kind == 5) options.queries = 1, options.past = 6;
            ops::AttentionMask mask = ops::make_mask(options);
            CHECK(mask.causal == (kind == 0));
            int64_t keys = options.past + options.queries;
            at::Tensor q = random({batch, heads, options.queries, width}),
                       k = random({batch, kv_heads, keys, width}),
                       v = random({batch, kv_heads, keys, width}), weight = random(q.sizes());
            auto fused = [&](auto& t) { return ops::attention(t[0], t[1], t[2], mask, {0.3}); };
            auto plain = [&](auto& t) {
                return ops::attention_plain(t[0], t[1], t[2], mask, {0.3});
            };
            std::vector<at::Tensor> inputs = {q, k, v};
            CHECK(difference(fused(inputs), plain(inputs)) < 1e-5);
            auto a = gradients(fused, inputs, weight), b = gradients(plain, inputs, weight);
            for (size_t i = 0; i < 3; ++i) CHECK(difference(a[i], b[i]) < 1e-5);
        }
}

TEST_CASE("windows, caps and sinks: attention equals its plain twin, with its gradients") {
    at::manual_seed(6);
    const int64_t batch = 2, heads = 6, kv_heads = 3, width = 8;
    for (int kind = 0; kind < 32; ++kind) {
        INFO("kind " << kind);
        ops::MaskOptions options{7, 0, true, {}, {}, at::kFloat, at::kCPU};
        if (kind & 1) options.window = 3;
        if (kind & 2) options.past = 5;
        if (kind & 4) options.padding = at::ones({batch, options.past + 7}, at::kBool);
        if (kind & 4) options.padding[1].narrow(0, 0, 4).fill_(false);
        ops::AttentionOptions scores{.scale = 0.8};
        if (kind & 8) scores.softcap = 1.5;
        if (kind & 16) scores.sinks = random({heads});
        ops::AttentionMask mask = ops::make_mask(options);
        const int64_t keys = options.past + options.queries;
        std::vector<at::Tensor> inputs = {random({batch, heads, 7, width}),
                                          random({batch, kv_heads, keys, width}),
                                          random({batch, kv_heads, keys, width})};
        at::Tensor weight = random(inputs[0].sizes());
        auto fused = [&](auto& t) { return ops::attention(t[0], t[1], t[2], mask, scores); };
        auto plain = [&](auto& t) { return ops::attention_plain(t[0], t[1], t[2], mask, scores); };
        CHECK(difference(fused(inputs), plain(inputs)) < 1e-5);
        // The formula once more, in f64 and over the whole square.
        at::Tensor k = inputs[1].repeat_interleave(2, 1).to(at::kDouble), v = inputs[2];
        at::Tensor all = at::matmul(inputs[0].to(at::kDouble), k.transpose(2, 3)) * 0.8;
        if (kind & 8) all = (all / 1.5).tanh() * 1.5;
        for (int64_t b = 0; b < batch; ++b)
            for (int64_t i = 0; i < 7; ++i)
                for (int64_t j = 0; j < keys; ++j) {
                    const int64_t at = options.past + i;
                    bool seen = j <= at && (!(kind & 1) || j > at - 3);
                    if ((kind & 4) && b == 1 && j < 4 && j != at) seen = false;
                    if (!seen) all.index_put_({b, at::indexing::Slice(), i, j}, -1e300);
                }
        if (kind & 16)
            all = at::cat({all, scores.sinks.view({1, heads, 1, 1}).expand({batch, -1, 7, 1})}, 3);
        at::Tensor shares = at::softmax(all, -1).narrow(3, 0, keys);
        CHECK(difference(fused(inputs),
                         at::matmul(shares, v.repeat_interleave(2, 1).to(at::kDouble))) < 1e-5);
        CHECK(difference(ops::attention_probabilities(inputs[0], inputs[1], mask, scores), shares) <
              1e-5);
        auto a = gradients(fused, inputs, weight), b = gradients(plain, inputs, weight);
        for (size_t i = 0; i < 3; ++i) CHECK(difference(a[i], b[i]) < 1e-5);
    }
    // Many queries: several tiles, with and without a mask of their own.
    for (int64_t past : {0, 9}) {
        ops::AttentionMask mask =
            ops::make_mask({1500, past, true, {}, {}, at::kFloat, at::kCPU, past ? 40 : 0});
        at::Tensor q = random({1, 4, 1500, 8}), k = random({1, 2, 1500 + past, 8});
        CHECK(difference(ops::attention(q, k, k, mask, {.scale = 1, .softcap = 2}),
                         ops::attention_plain(q, k, k, mask, {.scale = 1, .softcap = 2})) < 1e-5);
    }
    at::Tensor sinks = random({heads});
    sinks.requires_grad_(true);
    at::Tensor q = random({1, heads, 3, 8}), k = random({1, kv_heads, 3, 8});
    ops::attention(q, k, k, ops::AttentionMask{true, {}, 0}, {.sinks = sinks}).sum().backward();
    CHECK(sinks.grad().abs().min().item<float>() > 0);
}

TEST_CASE("a sliding window counts its own position") {
    auto seen = [](const ops::MaskOptions& o) {
        return at::isfinite(ops::make_mask(o).bias)[0][0].to(at::kInt);
    };
    CHECK(at::equal(
        seen({4, 0, true, {}, {}, at::kFloat, at::kCPU, 2}),
        at::tensor({1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1}, at::kInt).view({4, 4})));
    // With five before them, two queries and a window of three see nothing before key 3.
    ops::MaskOptions later{2, 5, true, {}, {}, at::kFloat, at::kCPU, 3};
    CHECK(ops::make_mask(later).first == 3);
    CHECK(at::equal(seen(later), at::tensor({1, 1, 1, 0, 0, 1, 1, 1}, at::kInt).view({2, 4})));
    ops::AttentionMask one = ops::make_mask({1, 9, true, {}, {}, at::kFloat, at::kCPU, 4});
    CHECK_FALSE(one.bias.defined());
    CHECK(one.first == 6);
    CHECK(ops::make_mask({4, 0, true, {}, {}, at::kFloat, at::kCPU, 4}).causal);
    CHECK_THROWS_AS(ops::make_mask({4, 0, false, {}, {}, at::kFloat, at::kCPU, 2}), Error);
}

TEST_CASE("norms whose weight is wide or counts from one") {
    at::manual_seed(7);
    for (auto kind : {ops::NormWeight::wide, ops::NormWeight::one_plus})
        for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            at::Tensor x = random({3, 5, 37}, type), w = random({37}, type);
            at::Tensor wide = x.to(at::kDouble), scale = w.to(at::kDouble);
            if (kind == ops::NormWeight::one_plus) scale = scale + 1;
            at::Tensor wanted = wide / (wide.square().mean(-1, true) + 1e-6).sqrt() * scale;
            double limit = type == at::kFloat ? 1e-5 : 1.0 / 128;
            for (const at::Tensor& y :
                 {ops::rms_norm(x, w, 1e-6, kind), ops::rms_norm_plain(x, w, 1e-6, kind)}) {
                CHECK(y.scalar_type() == type);
                CHECK(((y - wanted).abs() / wanted.abs().clamp_min(1)).max().item<double>() <=
                      limit);
            }
        }
}

TEST_CASE("masks say who sees whom") {
    at::Tensor padding = at::ones({1, 4}, at::kBool);
    padding[0][0] = false;
    ops::AttentionMask mask = ops::make_mask({4, 0, true, padding, {}, at::kFloat, at::kCPU});
    at::Tensor seen = at::isfinite(mask.bias)[0][0].to(at::kInt);
    CHECK(at::equal(
        seen,
        at::tensor({1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1}, at::kInt).reshape({4, 4})));
    CHECK_FALSE(ops::make_mask({4, 0, true, at::ones({1, 4}, at::kBool), {}, at::kFloat, at::kCPU})
                    .bias.defined());
    CHECK_FALSE(ops::make_mask({1, 9, true, {}, {}, at::kFloat, at::kCPU}).bias.defined());
    CHECK(ops::make_mask({2, 3, true, {}, {}, at::kFloat, at::kCPU}).bias.sizes() ==
          at::IntArrayRef({1, 1, 2, 5}));
    CHECK_THROWS_AS(ops::make_mask({4, 1, true, padding, {}, at::kFloat, at::kCPU}), Error);
    CHECK_THROWS_AS(
        ops::make_mask({4, 1, true, {}, at::zeros({1, 4}, at::kLong), at::kFloat, at::kCPU}),
        Error);
}

TEST_CASE("rotation keeps lengths and only relative position matters") {
    at::manual_seed(4);
    ops::Rope rope({.dim = 16});
    at::Tensor q = random({1, 1, 1, 16}), k = random({1, 1, 1, 16});
    auto turned = [&](const at::Tensor& x, int64_t position) {
        return ops::rotate(x, rope.angles(at::full({1, 1}, position, at::kLong), at::kFloat));
    };
    CHECK(difference(turned(q, 0), q) == 0);
    CHECK(difference(turned(q, 77).norm(), q.norm()) < 1e-5);
    CHECK(difference((turned(q, 9) * turned(k, 4)).sum(), (turned(q, 109) * turned(k, 104)).sum()) <
          1e-4);
    at::Tensor x = random({2, 3, 5, 16}), weight = random(x.sizes());
    ops::Angles angles = rope.angles(at::arange(5, at::kLong).unsqueeze(0), at::kFloat);
    at::Tensor grad_path = [&] {
        at::Tensor leaf = x.clone();
        leaf.requires_grad_(true);
        return ops::rotate(leaf, angles);
    }();
    CHECK(at::equal(grad_path.detach(), ops::rotate(x, angles)));
    // A part of the head turns, the rest stays.
    at::Tensor whole = random({2, 3, 5, 20}), part = ops::rotate(whole, angles);
    CHECK(at::equal(part.narrow(3, 16, 4), whole.narrow(3, 16, 4)));
    CHECK(at::equal(part.narrow(3, 0, 16), ops::rotate(whole.narrow(3, 0, 16), angles)));
    CHECK(at::equal(ops::rotate(whole, {}), whole));
    CHECK_THROWS_AS(ops::Rope({.dim = 7}), Error);
}

TEST_CASE("rotations by length: each text has its own frequencies") {
    ops::RopeOptions options{.dim = 4, .scaling = ops::RopeOptions::longrope};
    options.original_max_positions = 8;
    options.short_factor = {1, 2}, options.long_factor = {3, 5};
    ops::Rope rope(options);
    CHECK((rope.by_length() && rope.regime(8) == 0 && rope.regime(9) == 1));
    at::Tensor at7 = at::full({2, 1}, 7, at::kLong), lengths = at::tensor({8, 9}, at::kLong);
    ops::Angles angles = rope.angles(at7, at::kDouble, lengths.view({2, 1}));
    for (int64_t row : {0, 1}) {
        const auto& factors = row ? options.long_factor : options.short_factor;
        for (int64_t i : {0, 1})
            CHECK(angles.cos[row][0][0][i].item<double>() ==
                  Approx(std::cos(7 / (factors[size_t(i)] * std::pow(100.0, double(i))))));
    }
    options.long_factor.push_back(1);
    CHECK_THROWS_WITH(ops::Rope(options), Contains("3 numbers"));
}

TEST_CASE("activations by name, gate in both paths") {
    at::Tensor x = at::tensor({-2.0f, -0.5f, 0.0f, 0.5f, 2.0f});
    // Values of the formulas by hand: x * sigmoid(x); x * Phi(x); the tanh form.
    CHECK(difference(ops::activation("silu")(x),
                     at::tensor({-0.2384058, -0.1887703, 0.0, 0.3112297, 1.7615942})) < 1e-6);
    CHECK(difference(ops::activation("gelu")(x),
                     at::tensor({-0.0455003, -0.1542688, 0.0, 0.3457312, 1.9544997})) < 1e-6);
    CHECK(difference(ops::activation("gelu_new")(x),
                     at::tensor({-0.0454023, -0.1542860, 0.0, 0.3457140, 1.9545977})) < 1e-6);
    CHECK_THROWS_WITH(ops::activation("geluu"), Contains("geluu") && Contains("gelu_new"));
    at::Tensor gate = x.clone(), kept = gate.clone();
    at::Tensor fused = ops::gated(ops::silu, gate, x);
    CHECK(at::equal(gate, kept));  // the inputs stay as they are
    gate.requires_grad_(true);
    CHECK(at::equal(ops::gated(ops::silu, gate, x).detach(), fused));
}

TEST_CASE("embedding and linear") {
    at::manual_seed(5);
    at::Tensor table = random({10, 4});
    CHECK(at::equal(ops::embedding(table, at::tensor({3, 3, 9}, at::kLong))[2], table[9]));
    CHECK_THROWS_WITH(ops::embedding(table, at::tensor({3, 10}, at::kLong)),
                      Contains("token id 10") && Contains("0 to 9"));
    CHECK_THROWS_WITH(ops::embedding(table, at::tensor({-1}, at::kLong), "position"),
                      Contains("position -1"));
    table.requires_grad_(true);
    ops::embedding(table, at::tensor({0, 1, 1}, at::kLong), "token id", 0).sum().backward();
    CHECK(at::equal(table.grad().sum(1),
                    at::tensor({0.f, 8.f, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f})));

    at::Tensor weight = random({3, 4}), bias = random({3}), x = random({2, 4});
    Linear plain(plain_weight(weight, bias)),
        stored(transposed_weight(weight.t().contiguous(), bias));
    CHECK(difference(plain(x), at::matmul(x, weight.t()) + bias) < 1e-6);
    CHECK(difference(plain(x), stored(x)) < 1e-6);
    CHECK(stored.weight()->out_features() == 3);
    CHECK(at::equal(stored.weight()->dense_weight(), weight));
    Linear held = plain;  // every holder sees an exchange
    plain.replace(plain_weight(weight * 2, {}));
    CHECK(difference(held(x), at::matmul(x, weight.t()) * 2) < 1e-5);
    CHECK_THROWS_AS(plain_weight(weight, random({4})), Error);
}
