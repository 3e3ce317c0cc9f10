// SPDX-License-Identifier: Apache-2.0
// The states of a text as one vector. Differentiable.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace moonlet::ops {

// states [B, T, hidden], mask bool [B, T] (padding at the end) -> f32 [B, hidden], one vector a
// row; a row without any position gives zeros. kind: "mean", "cls" (the first position), "max",
// "lasttoken" (the last one that is no padding).
at::Tensor pool(const at::Tensor& states, const at::Tensor& mask, const std::string& kind);

}  // namespace moonlet::ops
