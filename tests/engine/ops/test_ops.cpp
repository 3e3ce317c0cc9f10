// SPDX-License-Identifier: Apache-2.0
// Fused and plain paths of the ops agree, on odd sizes, other dtypes and values at the edge, in
// both directions where there is a gradient.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <limits>

#include "core/error.h"
#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/embedding.h"
#include "ops/grad.h"
#include "ops/linear.h"
#include "ops/rms_norm.h"
#include "ops/rms_norm_kernel.h"
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
    for (const char* isa : {"baseline", "avx2", "avx512"}) {
        if (!ops::rms_norm_force_isa(isa)) continue;
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
    CHECK_FALSE(ops::rms_norm_force_isa("sse9"));
    ops::rms_norm_force_isa(nullptr);
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
            auto fused = [&](auto& t) { return ops::attention(t[0], t[1], t[2], mask, 0.3); };
            auto plain = [&](auto& t) { return ops::attention_plain(t[0], t[1], t[2], mask, 0.3); };
            std::vector<at::Tensor> inputs = {q, k, v};
            CHECK(difference(fused(inputs), plain(inputs)) < 1e-5);
            auto a = gradients(fused, inputs, weight), b = gradients(plain, inputs, weight);
            for (size_t i = 0; i < 3; ++i) CHECK(difference(a[i], b[i]) < 1e-5);
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
        auto [cos, sin] = rope.angles(at::full({1, 1}, position, at::kLong), at::kFloat);
        return ops::rotate(x, cos, sin);
    };
    CHECK(difference(turned(q, 0), q) == 0);
    CHECK(difference(turned(q, 77).norm(), q.norm()) < 1e-5);
    CHECK(difference((turned(q, 9) * turned(k, 4)).sum(), (turned(q, 109) * turned(k, 104)).sum()) <
          1e-4);
    at::Tensor x = random({2, 3, 5, 16}), weight = random(x.sizes());
    auto [cos, sin] = rope.angles(at::arange(5, at::kLong).unsqueeze(0), at::kFloat);
    at::Tensor grad_path = [&, c = cos, s = sin] {
        at::Tensor leaf = x.clone();
        leaf.requires_grad_(true);
        return ops::rotate(leaf, c, s);
    }();
    CHECK(at::equal(grad_path.detach(), ops::rotate(x, cos, sin)));
    CHECK_THROWS_AS(ops::Rope({.dim = 7}), Error);
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
