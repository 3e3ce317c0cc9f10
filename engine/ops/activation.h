// SPDX-License-Identifier: Apache-2.0
// Pointwise non-linearities under the names config.json uses for them. All are differentiable.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace moonlet::ops {

using Activation = at::Tensor (*)(const at::Tensor& x);

at::Tensor silu(const at::Tensor& x);  // x * sigmoid(x)
at::Tensor gelu(const at::Tensor& x);  // x * Phi(x), exact (erf)
at::Tensor gelu_tanh(
    const at::Tensor& x);  // the tanh approximation: "gelu_new", "gelu_pytorch_tanh"
at::Tensor relu(const at::Tensor& x);
at::Tensor relu_squared(const at::Tensor& x);  // "relu2"
at::Tensor gelu_quick(const at::Tensor& x);    // x * sigmoid(1.702 x), "quick_gelu"

// By the name in a config's hidden_act / activation_function. Error: unknown, with the known ones.
Activation activation(const std::string& name);

// SwiGLU (Shazeer 2020): act(gate) * up, both [.., n]; under inference without a second buffer.
at::Tensor gated(Activation act, const at::Tensor& gate, const at::Tensor& up);

}  // namespace moonlet::ops
