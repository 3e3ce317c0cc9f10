// SPDX-License-Identifier: Apache-2.0
// The one question every op with two paths asks: is autograd recording this call? Then the
// differentiable path runs; else the fused one may. Also brings at::NoGradGuard and at::GradMode.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace moonlet::ops {

template <class... Tensors>
bool records_gradient(const Tensors&... tensors) {
    return at::GradMode::is_enabled() && ((tensors.defined() && tensors.requires_grad()) || ...);
}

}  // namespace moonlet::ops
