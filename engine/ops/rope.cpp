// SPDX-License-Identifier: Apache-2.0
#include "ops/rope.h"

#include "core/error.h"
#include "ops/grad.h"

namespace moonlet::ops {

namespace {

constexpr double kTwoPi = 6.283185307179586;

// The divisions of a number by a tensor are written as transformers' Python computes them,
// reciprocal first: one unit in the last place of a frequency is 1e-4 of an angle at position 5000.
// Llama 3.1's rule: long waves have seen too few turns in training to be trusted beyond it.
at::Tensor llama3_scaled(const at::Tensor& inv_freq, const RopeOptions& o) {
    at::Tensor wave = inv_freq.reciprocal() * kTwoPi;
    double longest_kept = o.original_max_positions / o.high_freq_factor,
           shortest_slowed = o.original_max_positions / o.low_freq_factor;
    at::Tensor slowed = at::where(wave > shortest_slowed, inv_freq / o.factor, inv_freq);
    at::Tensor smooth = (wave.reciprocal() * o.original_max_positions - o.low_freq_factor) /
                        (o.high_freq_factor - o.low_freq_factor);
    at::Tensor blended = (1 - smooth) * slowed / o.factor + smooth * slowed;
    at::Tensor between = at::logical_and(wave >= longest_kept, wave <= shortest_slowed);
    return at::where(between, blended, slowed);
}

}  // namespace

Rope::Rope(const RopeOptions& o) {
    if (o.dim < 2 || o.dim % 2 != 0)
        throw Error("rotary embedding over " + std::to_string(o.dim) + " components",
                    "an even head_dim");
    at::NoGradGuard no_grad;
    at::Tensor exponent = at::arange(0, o.dim, 2, at::kLong).to(at::kFloat) / double(o.dim);
    inv_freq_ = at::pow(at::Scalar(o.theta), exponent).reciprocal();
    if (o.scaling == RopeOptions::linear) inv_freq_ = inv_freq_ / o.factor;
    if (o.scaling == RopeOptions::llama3) inv_freq_ = llama3_scaled(inv_freq_, o);
}

std::pair<at::Tensor, at::Tensor> Rope::angles(const at::Tensor& positions,
                                               at::ScalarType dtype) const {
    at::NoGradGuard no_grad;
    at::Tensor turns = positions.to(at::kFloat).unsqueeze(-1) * inv_freq_.to(positions.device());
    at::Tensor both = at::cat({turns, turns}, -1).unsqueeze(1);
    return {at::cos(both).to(dtype), at::sin(both).to(dtype)};
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    int64_t half = x.size(-1) / 2;
    at::Tensor first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
    at::Tensor turned = at::cat({-second, first}, -1);
    if (records_gradient(x)) return x * cos + turned * sin;
    return (x * cos).add_(turned.mul_(sin));  // the same numbers, two buffers less
}

}  // namespace moonlet::ops
