// SPDX-License-Identifier: Apache-2.0
// The whole product over the pool: y = x W^T + bias, split by rows of W.
#pragma once

#include "ops/cpu/rows.h"

namespace moonlet::cpu {

// x in the form that the weights ask for; y [x.count, out_features], f32 or bf16 (to nearest, after
// the bias is added in f32).
void multiply(const RowWeights& weights, const Rows& x, float* y);
void multiply(const RowWeights& weights, const Rows& x, uint16_t* y);

}  // namespace moonlet::cpu
