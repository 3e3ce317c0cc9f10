// SPDX-License-Identifier: Apache-2.0
#include "ops/low_rank.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "ops/again.h"
#include "ops/grad.h"
#include "ops/low_rank_kernel.h"
#include "ops/many_rows.h"

namespace moonlet::ops {

namespace {

constexpr int64_t kGrainRows = 24;      // rows of x a thread takes at least
constexpr int64_t kGrainColumns = 128;  // columns of a gradient

int64_t padded(int64_t rank) { return (rank + 15) / 16 * 16; }

// [n, rank] -> [n, padded]
at::Tensor with_zeros(const at::Tensor& x) {
    return at::constant_pad_nd(x, {0, padded(x.size(1)) - x.size(1)}).contiguous();
}

// x [rows, n] times down [n, padded].
template <class T>
at::Tensor go_down(const at::Tensor& x, const at::Tensor& down) {
    const int64_t n = x.size(1), width = down.size(1);
    at::Tensor u = at::empty({x.size(0), width}, down.options());
    const T* from = static_cast<const T*>(x.const_data_ptr());
    const float* by = down.const_data_ptr<float>();
    float* to = u.data_ptr<float>();
    at::parallel_for(0, x.size(0), kGrainRows, [&](int64_t begin, int64_t end) {
        low_rank_down(from + begin * n, by, to + begin * width, end - begin, n, width);
    });
    return u;
}

// y [rows, n] += scale * u up, up [rank, n].
template <class T>
void go_up(const at::Tensor& u, const at::Tensor& up, const at::Tensor& y, double scale) {
    const int64_t n = y.size(1), rank = up.size(0), width = u.size(1);
    const float *from = u.const_data_ptr<float>(), *by = up.const_data_ptr<float>();
    T* to = static_cast<T*>(y.data_ptr());
    at::parallel_for(0, y.size(0), kGrainRows, [&](int64_t begin, int64_t end) {
        low_rank_up(from + begin * width, by, to + begin * n, float(scale), end - begin, n, rank,
                    width);
    });
}

// u^T x, [rank, n]; each number is summed by one thread, whatever their count.
template <class T>
at::Tensor sums(const at::Tensor& u, const at::Tensor& x, int64_t rank) {
    const int64_t n = x.size(1);
    at::Tensor result = at::empty({rank, n}, u.options());
    const float* left = u.const_data_ptr<float>();
    const T* right = static_cast<const T*>(x.const_data_ptr());
    float* to = result.data_ptr<float>();
    const int64_t blocks = (n + 31) / 32;
    at::parallel_for(0, blocks, kGrainColumns / 32, [&](int64_t begin, int64_t end) {
        low_rank_sums(left, right, to, x.size(0), n, rank, u.size(1), begin * 32,
                      std::min(n, end * 32));
    });
    return result;
}

at::Tensor go_down(const at::Tensor& x, const at::Tensor& down) {
    return x.scalar_type() == at::kFloat ? go_down<float>(x, down) : go_down<uint16_t>(x, down);
}
void go_up(const at::Tensor& u, const at::Tensor& up, const at::Tensor& y, double scale) {
    if (y.scalar_type() == at::kFloat) go_up<float>(u, up, y, scale);
    else go_up<uint16_t>(u, up, y, scale);
}
at::Tensor sums(const at::Tensor& u, const at::Tensor& x, int64_t rank) {
    return x.scalar_type() == at::kFloat ? sums<float>(u, x, rank) : sums<uint16_t>(u, x, rank);
}

at::Tensor rows_of(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}).contiguous(); }

// Adds to y in place; gives x A^T, padded.
at::Tensor add_to(const at::Tensor& y, const at::Tensor& x, const LowRank& part) {
    at::Tensor u = go_down(x, with_zeros(part.a.t()));
    go_up(u, part.b.t().contiguous(), y, part.scale);
    return u;
}

// With a weight a product and the low-rank one, else the sum of `given` and that.
struct LowRankNode : torch::autograd::Function<LowRankNode> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const at::Tensor& a, const at::Tensor& b, double scale,
                              const std::optional<at::Tensor>& given,
                              const std::optional<at::Tensor>& weight,
                              const std::optional<at::Tensor>& bias) {
        at::Tensor rows = rows_of(x);
        at::Tensor y = weight ? times_transposed(rows, *weight, bias.value_or(at::Tensor()))
                              : rows_of(*given).clone(at::MemoryFormat::Contiguous);
        at::Tensor u = add_to(y, rows, {a, b, scale});
        context->save_for_backward(
            {KeptInput::keep(context, x), a, b, u, weight.value_or(at::Tensor())});
        context->saved_data["scale"] = scale;
        std::vector<int64_t> shape = x.sizes().vec();
        shape.back() = b.size(0);
        return y.view(shape);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &a = saved[1], &b = saved[2], &u = saved[3], &weight = saved[4];
        const double scale = context->saved_data["scale"].toDouble();
        const int64_t rank = a.size(0);
        const at::Tensor x = KeptInput::take(context, saved[0]);
        at::Tensor dy = rows_of(gradients[0]), dx, da, db;
        at::Tensor du = go_down(dy, with_zeros(b)).mul_(scale);
        if (context->needs_input_grad(1)) da = sums(du, rows_of(x), rank);
        if (context->needs_input_grad(2)) db = sums(u, dy, rank).t().mul(scale);
        if (context->needs_input_grad(0)) {
            dx = weight.defined() ? times_transposed(dy, weight.t())
                                  : at::zeros({dy.size(0), a.size(1)}, dy.options());
            go_up(du, a.contiguous(), dx, 1);
            dx = dx.view(x.sizes());
        }
        return {dx, da, db, {}, weight.defined() ? at::Tensor() : gradients[0], {}, {}};
    }
};

}  // namespace

bool has_low_rank_kernel(const at::Tensor& x, const LowRank& part) {
    return x.is_cpu() && part.a.is_cpu() && part.b.is_cpu() &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
           part.a.scalar_type() == at::kFloat && part.b.scalar_type() == at::kFloat &&
           x.numel() > 0;
}

at::Tensor add_low_rank(at::Tensor y, const at::Tensor& x, const LowRank& part) {
    if (records_gradient(y, x, part.a, part.b))
        return LowRankNode::apply(x, part.a, part.b, part.scale, y, std::nullopt, std::nullopt);
    at::Tensor sum = rows_of(y);
    add_to(sum, rows_of(x), part);
    return sum.view(y.sizes());
}

at::Tensor linear_low_rank(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const LowRank& part) {
    if (records_gradient(x, part.a, part.b))
        return LowRankNode::apply(x, part.a, part.b, part.scale, std::nullopt, weight,
                                  bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt);
    return add_low_rank(many_rows_linear(x, weight, bias), x, part);
}

at::Tensor add_low_rank_plain(const at::Tensor& y, const at::Tensor& x, const LowRank& part) {
    // The order of operations is peft's: scaled after B, then added.
    at::Tensor wide = x.to(part.a.scalar_type());
    return (y + at::linear(at::linear(wide, part.a), part.b) * part.scale).to(y.scalar_type());
}

}  // namespace moonlet::ops
