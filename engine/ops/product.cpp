// SPDX-License-Identifier: Apache-2.0
#include "ops/product.h"

#include "ops/cpu/plain.h"
#include "ops/few_rows.h"

namespace moonlet::ops {

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    if (!few_rows(x) || x.scalar_type() != weight.scalar_type() || !weight.is_contiguous() ||
        x.size(-1) != weight.size(1))
        return at::linear(x, weight, bias);
    const auto type = x.scalar_type() == at::kFloat ? cpu::PlainType::f32 : cpu::PlainType::bf16;
    cpu::PlainRows rows(type, weight.const_data_ptr(), weight.size(0), weight.size(1));
    if (bias.defined()) rows.set_bias(bias_values(bias));
    return few_rows_linear(x, rows);
}

}  // namespace moonlet::ops
