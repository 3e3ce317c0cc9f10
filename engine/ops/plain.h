// SPDX-License-Identifier: Apache-2.0
// Plain twins of ops whose every fast path is a kernel of ours: the formula in LibTorch's
// operators, for every dtype and device, differentiable. Tests compare the kernels with them.
#pragma once

#include "ops/activation.h"
#include "ops/rope.h"

namespace moonlet::ops {

at::Tensor gated_plain(Activation act, const at::Tensor& gate, const at::Tensor& up);
at::Tensor rotate_plain(const at::Tensor& x, const Angles& angles);

}  // namespace moonlet::ops
