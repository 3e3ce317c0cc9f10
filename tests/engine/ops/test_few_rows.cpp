// SPDX-License-Identifier: Apache-2.0
// Plain weights under inference: few rows take native products, which must equal LibTorch's within
// rounding, see at once what is trained in place, and stay away while autograd records.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "ops/few_rows.h"
#include "ops/linear.h"
#include "ops/product.h"

using namespace moonlet;

namespace {

at::Tensor random(at::IntArrayRef shape, at::ScalarType type) {
    return at::randn(shape, at::TensorOptions().dtype(at::kFloat)).to(type);
}

struct Kind {
    const char* name;
    std::shared_ptr<LinearWeight> weight;
    at::Tensor stored, bias;  // what it was made of
};

std::vector<Kind> kinds(int64_t in, int64_t out, at::ScalarType type) {
    at::Tensor plain = random({out, in}, type), other = random({in, out}, type),
               stack = random({3, in, out}, type), bias = random({out}, type),
               biases = random({3, out}, type);
    return {{"plain", plain_weight(plain, bias), plain, bias},
            {"plain without bias", plain_weight(plain, {}), plain, {}},
            {"transposed", transposed_weight(other, bias), other, bias},
            {"stacked", stacked_weight(stack, biases, 1), stack[1], biases[1]}};
}

// Against f64, in parts of what is summed.
double error_of(const at::Tensor& y, const at::Tensor& x, const LinearWeight& w) {
    const auto wide = [](const at::Tensor& t) { return t.to(at::kDouble); };
    at::Tensor bias = w.bias().defined() ? wide(w.bias()) : at::Tensor();
    at::Tensor exact = at::linear(wide(x), wide(w.dense_weight()), bias);
    at::Tensor size = at::linear(wide(x).abs(), wide(w.dense_weight()).abs()) + exact.abs();
    return ((wide(y) - exact).abs() / size).max().item<double>();
}

}  // namespace

TEST_CASE("few rows of plain weights: native products equal LibTorch's") {
    at::manual_seed(1);
    at::NoGradGuard no_grad;
    for (auto type : {at::kFloat, at::kBFloat16})
        for (auto [in, out] : {std::pair<int64_t, int64_t>{5, 3}, {64, 48}, {333, 130}})
            for (const Kind& kind : kinds(in, out, type)) {
                REQUIRE(kind.weight->row_kernel());
                at::Tensor x = random({2, 16, in}, type);
                REQUIRE(ops::few_rows(x));
                INFO(kind.name << " " << in << " x " << out << " " << c10::toString(type));
                const double most = type == at::kFloat ? 1e-6 : 0.004;
                at::Tensor y = kind.weight->apply(x);
                CHECK(y.sizes() == at::IntArrayRef({2, 16, out}));
                CHECK(error_of(y, x, *kind.weight) < most);
                // A view, and each row alone.
                at::Tensor last = x.narrow(1, 15, 1);
                CHECK(at::equal(kind.weight->apply(last), y.narrow(1, 15, 1)));
                CHECK(at::equal(kind.weight->apply(x[1][3]), y[1][3]));
                CHECK(error_of(kind.weight->apply(random({40, in}, type)), random({40, in}, type),
                               *kind.weight) > most);  // the measure can fail
            }
}

TEST_CASE("what is trained in place is seen at once") {
    at::manual_seed(2);
    for (auto type : {at::kFloat, at::kBFloat16})
        for (Kind& kind : kinds(32, 20, type)) {
            INFO(kind.name << " " << c10::toString(type));
            at::Tensor x = random({1, 32}, type), before;
            {
                at::NoGradGuard no_grad;
                before = kind.weight->apply(x);
                kind.stored.mul_(2);
                if (kind.bias.defined()) kind.bias.mul_(2);
                CHECK(at::equal(kind.weight->apply(x), before * 2));
                kind.stored.mul_(0.5);
                if (kind.bias.defined()) kind.bias.mul_(0.5);
            }
            {
                c10::InferenceMode guard;
                CHECK(at::equal(kind.weight->apply(x), before));
            }
            // Another storage under the same tensor.
            at::NoGradGuard no_grad;
            if (kind.stored.storage_offset() > 0) continue;
            kind.stored.set_data(kind.stored * 4);
            if (kind.bias.defined()) kind.bias.set_data(kind.bias * 4);
            CHECK(at::equal(kind.weight->apply(x), before * 4));
        }
}

TEST_CASE("while autograd records, plain weights are LibTorch's") {
    at::manual_seed(3);
    at::Tensor weight = random({8, 16}, at::kFloat).requires_grad_(true),
               x = random({2, 16}, at::kFloat);
    auto kind = plain_weight(weight, {});
    CHECK(!ops::few_rows(x));
    at::Tensor y = kind->apply(x);
    REQUIRE(y.requires_grad());
    CHECK(at::equal(y, at::linear(x, weight)));
    y.sum().backward();
    CHECK(weight.grad().defined());
    CHECK(ops::product(x, weight).requires_grad());
}
