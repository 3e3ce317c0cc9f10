// SPDX-License-Identifier: Apache-2.0
#include "ops/rope.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "ops/grad.h"
#include "ops/plain.h"
#include "ops/rope_kernel.h"

namespace moonlet::ops {

namespace {

constexpr double kPi = 3.141592653589793;
// Positions whose angles are computed at a time and kept, and how many are kept at most.
constexpr int64_t kPiece = 512, kMostKept = 1 << 15;

// The divisions of a number by a tensor are written as transformers' Python computes them,
// reciprocal first: one unit in the last place of a frequency is 1e-4 of an angle at position 5000.
at::Tensor exponents(const RopeOptions& o) {
    return at::arange(0, o.dim, 2, at::kLong).to(at::kFloat) /
           double(o.divisor > 0 ? o.divisor : o.dim);
}

// Llama 3.1's rule: long waves have seen too few turns in training to be trusted beyond it.
at::Tensor llama3_scaled(const at::Tensor& inv_freq, const RopeOptions& o) {
    at::Tensor wave = inv_freq.reciprocal() * (2 * kPi);
    double longest_kept = o.original_max_positions / o.high_freq_factor,
           shortest_slowed = o.original_max_positions / o.low_freq_factor;
    at::Tensor slowed = at::where(wave > shortest_slowed, inv_freq / o.factor, inv_freq);
    at::Tensor smooth = (wave.reciprocal() * o.original_max_positions - o.low_freq_factor) /
                        (o.high_freq_factor - o.low_freq_factor);
    at::Tensor blended = (1 - smooth) * slowed / o.factor + smooth * slowed;
    at::Tensor between = at::logical_and(wave >= longest_kept, wave <= shortest_slowed);
    return at::where(between, blended, slowed);
}

// YaRN (Peng et al. 2023), "NTK by parts".
at::Tensor yarn_scaled(const RopeOptions& o) {
    at::Tensor wave = at::pow(at::Scalar(o.theta), exponents(o));
    at::Tensor kept = wave.reciprocal(), slowed = (o.factor * wave).reciprocal();
    // The component that turns so many times in the original context.
    auto component = [&](double turns) {
        return double(o.dim) * std::log(o.original_max_positions / (turns * 2 * kPi)) /
               (2 * std::log(o.theta));
    };
    double low = component(o.beta_fast), high = component(o.beta_slow);
    if (o.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0), high = std::min(high, double(o.dim - 1));
    if (low == high) high += 0.001;
    at::Tensor ramp = (at::arange(o.dim / 2, at::kFloat) - low) / (high - low);
    at::Tensor keep = 1 - ramp.clamp(0, 1);
    return slowed * (1 - keep) + kept * keep;
}

at::Tensor divided(const std::vector<double>& factors, const RopeOptions& o) {
    if (int64_t(factors.size()) != o.dim / 2)
        throw Error("a longrope factor of " + std::to_string(factors.size()) + " numbers",
                    std::to_string(o.dim / 2) + ", half of the components that turn");
    at::Tensor by = at::tensor(factors, at::kDouble).to(at::kFloat);
    return (by * at::pow(at::Scalar(o.theta), exponents(o))).reciprocal();
}

}  // namespace

Rope::Rope(const RopeOptions& o) : options_(o) {
    if (o.dim < 2 || o.dim % 2 != 0)
        throw Error("rotary embedding over " + std::to_string(o.dim) + " components",
                    "an even number of them, such as head_dim");
    at::NoGradGuard no_grad;
    inv_freq_ = at::pow(at::Scalar(o.theta), exponents(o)).reciprocal();
    if (o.scaling == RopeOptions::linear) inv_freq_ = inv_freq_ / o.factor;
    if (o.scaling == RopeOptions::llama3) inv_freq_ = llama3_scaled(inv_freq_, o);
    if (o.scaling == RopeOptions::yarn) inv_freq_ = yarn_scaled(o);
    if (o.scaling == RopeOptions::longrope) {
        inv_freq_ = divided(o.short_factor, o);
        long_inv_freq_ = divided(o.long_factor, o);
    }
}

bool Rope::by_length() const {
    return options_.scaling == RopeOptions::longrope || options_.scaling == RopeOptions::dynamic;
}

int64_t Rope::regime(int64_t length) const {
    if (!by_length() || double(length) <= options_.original_max_positions) return 0;
    return options_.scaling == RopeOptions::longrope ? 1 : length;
}

// The frequencies of each position, [.., dim / 2] for lengths [..].
at::Tensor Rope::scaled_by_length(const at::Tensor& lengths) const {
    const RopeOptions& o = options_;
    at::Tensor each = lengths.unsqueeze(-1), longer = each > o.original_max_positions;
    at::Tensor usual = inv_freq_.to(lengths.device());
    if (o.scaling == RopeOptions::longrope)
        return at::where(longer, long_inv_freq_.to(lengths.device()), usual);
    // Dynamic NTK: the base grows with the text.
    at::Tensor stretch = each.to(at::kFloat) * o.factor / o.original_max_positions - (o.factor - 1);
    at::Tensor base = at::pow(stretch, double(o.dim) / double(o.dim - 2)) * o.theta;
    at::Tensor scaled = at::pow(base, exponents(o).to(lengths.device())).reciprocal();
    return at::where(longer, scaled, usual);
}

Angles Rope::computed(const at::Tensor& positions, at::ScalarType dtype,
                      const at::Tensor& lengths) const {
    at::Tensor frequency =
        by_length() ? scaled_by_length(lengths) : inv_freq_.to(positions.device());
    at::Tensor turns = positions.to(at::kFloat).unsqueeze(-1) * frequency;
    at::Tensor both = at::cat({turns, turns}, -1).unsqueeze(1);
    at::Tensor cos = at::cos(both), sin = at::sin(both);
    if (options_.attention_factor != 1.0) {
        cos = cos * options_.attention_factor;
        sin = sin * options_.attention_factor;
    }
    return {cos.to(dtype), sin.to(dtype)};
}

// Made in pieces of one size: what a piece holds does not depend on how far the table grew.
const Angles& Rope::table(int64_t count, at::ScalarType dtype) const {
    auto known = std::find_if(tables_.begin(), tables_.end(), [&](const Angles& table) {
        return table.cos.scalar_type() == dtype;
    });
    int64_t have = known == tables_.end() ? 0 : known->cos.size(0);
    if (have >= count) return *known;
    c10::InferenceMode lasting(false);  // training may keep a part of it for its backward pass
    const int64_t want = std::max((count + kPiece - 1) / kPiece * kPiece, 2 * have);
    std::vector<at::Tensor> cos, sin;
    if (have > 0) cos.push_back(known->cos), sin.push_back(known->sin);
    for (; have < want; have += kPiece) {
        const at::Tensor positions = at::arange(have, have + kPiece, at::kLong).unsqueeze(0);
        const Angles piece = computed(positions, dtype, {});
        cos.push_back(piece.cos[0][0]), sin.push_back(piece.sin[0][0]);
    }
    if (known == tables_.end()) known = tables_.insert(known, Angles{});
    known->cos = at::cat(cos, 0), known->sin = at::cat(sin, 0);
    return *known;
}

Angles Rope::angles(const at::Tensor& positions, at::ScalarType dtype,
                    const at::Tensor& lengths) const {
    at::NoGradGuard no_grad;
    if (by_length() || !positions.is_cpu() || positions.dim() != 2 || positions.numel() == 0)
        return computed(positions, dtype, lengths);
    const at::Tensor line = positions.contiguous();
    const int64_t *p = line.const_data_ptr<int64_t>(), count = line.numel();
    int64_t low = p[0], high = p[0];
    bool in_order = true;
    for (int64_t i = 1; i < count; ++i) {
        low = std::min(low, p[i]), high = std::max(high, p[i]);
        in_order = in_order && p[i] == p[0] + i;
    }
    if (low < 0 || high >= kMostKept) return computed(positions, dtype, lengths);
    const Angles& all = table(high + 1, dtype);
    auto rows = [&](const at::Tensor& t) {
        at::Tensor taken =
            in_order ? t.narrow(0, low, count) : t.index_select(0, line.reshape({count}));
        return taken.view({positions.size(0), 1, positions.size(1), t.size(1)});
    };
    return {rows(all.cos), rows(all.sin)};
}

namespace {

bool has_kernel(const at::Tensor& x, const Angles& angles) {
    const at::ScalarType type = x.scalar_type(), by = angles.cos.scalar_type();
    return x.is_cpu() && angles.cos.is_cpu() && x.dim() == 4 && x.numel() > 0 &&
           angles.cos.size(2) == x.size(2) &&
           (angles.cos.size(0) == 1 || angles.cos.size(0) == x.size(0)) &&
           ((type == at::kFloat && by == at::kFloat) ||
            (type == at::kBFloat16 && (by == at::kBFloat16 || by == at::kFloat)));
}

template <class X, class A>
void turn(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, const at::Tensor& y,
          bool back) {
    const int64_t heads = x.size(1), positions = x.size(2), n = x.size(3), dim = cos.size(-1);
    const int64_t angle_rows = cos.size(0) > 1 ? positions : 0;  // 0: all rows share them
    const X* from = static_cast<const X*>(x.const_data_ptr());
    const A *c = static_cast<const A*>(cos.const_data_ptr()),
            *s = static_cast<const A*>(sin.const_data_ptr());
    X* to = static_cast<X*>(y.data_ptr());
    const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, heads * n));
    at::parallel_for(0, x.size(0) * positions, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t b = i / positions, t = i % positions;
            const int64_t angle = (b * angle_rows + t) * dim;
            (back ? turn_rows_back<X, A>
                  : turn_rows<X, A>)(from + b * x.stride(0) + t * x.stride(2), x.stride(1),
                                     c + angle, s + angle, to + b * y.stride(0) + t * y.stride(2),
                                     y.stride(1), heads, dim, n);
        }
    });
}

at::Tensor turned(const at::Tensor& given, const at::Tensor& cos, const at::Tensor& sin,
                  bool back) {
    at::Tensor x = given.stride(3) == 1 ? given : given.contiguous();
    // Heads side by side stay so: who comes next merges them without a copy.
    at::Tensor y =
        x.stride(1) < x.stride(2)
            ? at::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.options()).transpose(1, 2)
            : at::empty(x.sizes(), x.options());
    at::Tensor c = cos.contiguous(), s = sin.contiguous();
    if (x.scalar_type() == at::kFloat) turn<float, float>(x, c, s, y, back);
    else if (c.scalar_type() == at::kFloat) turn<uint16_t, float>(x, c, s, y, back);
    else turn<uint16_t, uint16_t>(x, c, s, y, back);
    return y;
}

// Keeps the angles alone.
struct RotateNode : torch::autograd::Function<RotateNode> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const at::Tensor& cos, const at::Tensor& sin) {
        context->save_for_backward({cos, sin});
        return turned(x, cos, sin, false);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        return {turned(gradients[0], saved[0], saved[1], true), {}, {}};
    }
};

}  // namespace

at::Tensor rotate(const at::Tensor& x, const Angles& angles) {
    if (!angles.cos.defined()) return x;
    if (!has_kernel(x, angles)) return rotate_plain(x, angles);
    return records_gradient(x) ? RotateNode::apply(x, angles.cos, angles.sin)
                               : turned(x, angles.cos, angles.sin, false);
}

at::Tensor rotate_plain(const at::Tensor& x, const Angles& angles) {
    if (!angles.cos.defined()) return x;
    const int64_t dim = angles.cos.size(-1), half = dim / 2, rest = x.size(-1) - dim;
    if (rest > 0)
        return at::cat({rotate_plain(x.narrow(-1, 0, dim), angles), x.narrow(-1, dim, rest)}, -1);
    at::Tensor first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
    at::Tensor turned = at::cat({-second, first}, -1);
    return (x * angles.cos + turned * angles.sin).to(x.scalar_type());
}

}  // namespace moonlet::ops
