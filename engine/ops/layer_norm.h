// SPDX-License-Identifier: Apache-2.0
// Layer normalisation (Ba et al. 2016): (x - mean) / sqrt(variance + eps) * weight + bias over the
// last dimension, biased variance. LibTorch's kernel is fused in both directions, so there is one
// path.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

// x [.., n], weight [n], bias [n] or undefined -> [.., n] in x's dtype; statistics in f32.
inline at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             double eps) {
    return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

}  // namespace moonlet::ops
