// SPDX-License-Identifier: Apache-2.0
#include "ops/few_rows.h"

#include <ATen/core/grad_mode.h>

#include "ops/cpu/isa.h"
#include "ops/cpu/pointwise.h"
#include "ops/decode_parts.h"
#include "ops/observer.h"

namespace moonlet::ops {

namespace {

template <class T>
at::Tensor linear(const at::Tensor& given, const cpu::RowWeights& weights) {
    const at::Tensor x = given.contiguous();
    const int64_t width = x.size(-1), count = x.numel() / width, out = weights.out_features();
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = out;
    at::Tensor result = at::empty(shape, x.options());
    T* y = static_cast<T*>(result.data_ptr());
    Scratch& scratch = Scratch::of_this_thread();
    scratch.clear();
    float* sums = scratch.take<float>(count * out);
    InputRows& input = InputRows::of_this_thread(0);
    input.begin({&weights}, x.const_data_ptr(), sizeof(T) == 2, count, width);
    const Product product{&weights, sums, out};
    Turns turns;
    cpu::together([&](cpu::Team& team) {
        if (input.converts()) {
            input.fill(team);
            team.barrier();
        }
        multiply(team, turns, input, &product, 1, [&](size_t, int64_t begin, int64_t end) {
            const float* bias = weights.bias();
            for (int64_t row = 0; row < count; ++row)
                cpu::add_bias(sums + row * out + begin, bias ? bias + begin : nullptr, end - begin,
                              y + row * out + begin);
        });
    });
    return result;
}

}  // namespace

bool few_rows(const at::Tensor& x, int64_t count) {
    return count > 0 && count <= kFewRows && x.is_cpu() && !at::GradMode::is_enabled() &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
           !Observer::current() && cpu::isa() >= cpu::Isa::avx2;
}

at::Tensor few_rows_linear(const at::Tensor& x, const cpu::RowWeights& weights) {
    return x.scalar_type() == at::kFloat ? linear<float>(x, weights) : linear<uint16_t>(x, weights);
}

}  // namespace moonlet::ops
