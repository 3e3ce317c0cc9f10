// SPDX-License-Identifier: Apache-2.0
// x W^T + b for a weight that is a tensor and no Linear, such as a router's. Differentiable; for
// few rows under inference native, so that a row's numbers do not depend on how many there are.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

// x [.., in], weight [out, in], bias [out] or undefined -> [.., out].
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

}  // namespace moonlet::ops
