// SPDX-License-Identifier: Apache-2.0
// When the native calls of a decode step are taken, and the one for a Linear alone.
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "ops/cpu/rows.h"

namespace moonlet::ops {

// Beyond so many rows (batch times tokens) products of whole matrices are faster.
constexpr int64_t kFewRows = 32;

// Whether these many rows of f32 or bf16, such as x is, may take a native call: on the CPU,
// autograd off, nobody listening, vector instructions that our kernels know.
bool few_rows(const at::Tensor& x, int64_t count);
inline bool few_rows(const at::Tensor& x) {  // [.., width]
    return x.dim() > 0 && x.size(-1) > 0 && few_rows(x, x.numel() / x.size(-1));
}

// y = x W^T + bias in x's dtype, f32 or bf16; x is read in `form`, without one in that which the
// weights want for its dtype.
at::Tensor few_rows_linear(const at::Tensor& x, const cpu::RowWeights& weights,
                           std::optional<cpu::RowWeights::Form> form = {});
// A bias as RowWeights hold it.
std::vector<float> bias_values(const at::Tensor& bias);

}  // namespace moonlet::ops
