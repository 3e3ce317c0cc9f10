// SPDX-License-Identifier: Apache-2.0
#include "ops/activation.h"

#include <utility>
#include <vector>

#include "core/error.h"
#include "ops/decode_mlp.h"
#include "ops/few_rows.h"
#include "ops/grad.h"

namespace moonlet::ops {

at::Tensor silu(const at::Tensor& x) { return at::silu(x); }
at::Tensor gelu(const at::Tensor& x) { return at::gelu(x, "none"); }
at::Tensor gelu_tanh(const at::Tensor& x) { return at::gelu(x, "tanh"); }
at::Tensor relu(const at::Tensor& x) { return at::relu(x); }
at::Tensor relu_squared(const at::Tensor& x) { return at::relu(x).square(); }
at::Tensor gelu_quick(const at::Tensor& x) { return x * at::sigmoid(x * 1.702); }

Activation activation(const std::string& name) {
    static const std::vector<std::pair<std::string, Activation>> table = {
        {"silu", silu},          {"swish", silu},          {"gelu", gelu},
        {"gelu_new", gelu_tanh}, {"gelu_fast", gelu_tanh}, {"gelu_pytorch_tanh", gelu_tanh},
        {"relu", relu},          {"relu2", relu_squared},  {"quick_gelu", gelu_quick},
        {"gelu_python", gelu},   {"tanh", at::tanh},
    };
    std::string known;
    for (const auto& [key, function] : table) {
        if (key == name) return function;
        known += (known.empty() ? "" : ", ") + key;
    }
    throw Error("unknown activation function " + quote(name), "one of " + known);
}

at::Tensor gated(Activation act, const at::Tensor& gate, const at::Tensor& up) {
    if (records_gradient(gate, up)) return act(gate) * up;
    if (few_rows(gate) && has_gate(act)) return gate_step(act, gate, up);
    return act(gate).mul_(up);  // the product takes the place of the activation: one buffer less
}

}  // namespace moonlet::ops
