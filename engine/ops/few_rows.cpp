// SPDX-License-Identifier: Apache-2.0
#include "ops/few_rows.h"

#include <ATen/core/grad_mode.h>

#include "ops/cpu/isa.h"
#include "ops/cpu/multiply.h"
#include "ops/cpu/prepare.h"
#include "ops/observer.h"

namespace moonlet::ops {

namespace {

template <class T>
at::Tensor linear(const at::Tensor& given, const cpu::RowWeights& weights,
                  cpu::RowWeights::Form form) {
    static thread_local cpu::PreparedRows prepared;
    const at::Tensor x = given.contiguous();
    const int64_t width = x.size(-1), count = x.numel() / width;
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = weights.out_features();
    at::Tensor result = at::empty(shape, x.options());
    const cpu::Rows& rows =
        prepared.prepare(form, static_cast<const T*>(x.const_data_ptr()), count, width);
    cpu::multiply(weights, rows, static_cast<T*>(result.data_ptr()));
    return result;
}

}  // namespace

bool few_rows(const at::Tensor& x, int64_t count) {
    return count > 0 && count <= kFewRows && x.is_cpu() && !at::GradMode::is_enabled() &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
           !Observer::current() && cpu::isa() >= cpu::Isa::avx2;
}

at::Tensor few_rows_linear(const at::Tensor& x, const cpu::RowWeights& weights,
                           std::optional<cpu::RowWeights::Form> given) {
    const bool wide = x.scalar_type() == at::kFloat;
    const auto form = given.value_or(weights.form(!wide));
    return wide ? linear<float>(x, weights, form) : linear<uint16_t>(x, weights, form);
}

std::vector<float> bias_values(const at::Tensor& bias) {
    const at::Tensor wide = bias.detach().to(at::kCPU, at::kFloat).contiguous();
    const float* from = wide.const_data_ptr<float>();
    return {from, from + wide.numel()};
}

}  // namespace moonlet::ops
