// SPDX-License-Identifier: Apache-2.0
#include "ops/activation.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>
#include <vector>

#include "core/error.h"
#include "ops/again.h"
#include "ops/decode_mlp.h"
#include "ops/few_rows.h"
#include "ops/gate_kernel.h"
#include "ops/grad.h"
#include "ops/plain.h"

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

namespace {

constexpr int64_t kGrain = 16384;  // values a thread takes at least: below, waking it costs more

bool has_kernel(Activation act, const at::Tensor& gate, const at::Tensor& up) {
    return act == silu && gate.is_cpu() && up.is_cpu() && gate.sizes() == up.sizes() &&
           gate.scalar_type() == up.scalar_type() &&
           (gate.scalar_type() == at::kFloat || gate.scalar_type() == at::kBFloat16);
}

// Calls kernel(values of each tensor from `begin` on ..., count) on the threads.
template <class T, class Kernel, class... Tensors>
void share_out(Kernel kernel, const at::Tensor& first, const Tensors&... more) {
    at::parallel_for(0, first.numel(), kGrain, [&](int64_t begin, int64_t end) {
        kernel(static_cast<T*>(first.data_ptr()) + begin,
               (static_cast<T*>(more.data_ptr()) + begin)..., end - begin);
    });
}

template <class Kernel, class... Tensors>
void by_type(Kernel kernel, const at::Tensor& first, const Tensors&... more) {
    if (first.scalar_type() == at::kFloat) share_out<float>(kernel, first, more...);
    else share_out<uint16_t>(kernel, first, more...);
}

at::Tensor silu_gated(const at::Tensor& gate, const at::Tensor& up) {
    at::Tensor y = at::empty_like(gate, at::MemoryFormat::Contiguous);
    by_type([](auto* g, auto* u, auto* to, int64_t n) { silu_gate(g, u, to, n); },
            gate.contiguous(), up.contiguous(), y);
    return y;
}

// Keeps gate and up; what silu gives is computed again on the way back.
struct SiluGateNode : torch::autograd::Function<SiluGateNode> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& gate,
                              const at::Tensor& up) {
        context->save_for_backward({gate, up});
        return silu_gated(gate, up);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        at::Tensor gate = saved[0].contiguous(), up = saved[1].contiguous();
        at::Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
        by_type([](auto* g, auto* u, auto* dy, auto* dg, auto* du,
                   int64_t n) { silu_gate_backward(g, u, dy, dg, du, n); },
                gate, up, gradients[0].contiguous(), dgate, dup);
        return {dgate, dup};
    }
};

}  // namespace

bool gated_again(torch::autograd::Node& node, at::Tensor* y) {
    auto* ours = dynamic_cast<torch::autograd::CppNode<SiluGateNode>*>(&node);
    if (!ours || !y) return ours != nullptr;
    const auto saved = ours->ctx_.get_saved_variables();
    *y = silu_gated(saved[0], saved[1]);
    return true;
}

at::Tensor gated(Activation act, const at::Tensor& gate, const at::Tensor& up) {
    const bool kernel = has_kernel(act, gate, up);
    if (records_gradient(gate, up))
        return kernel ? SiluGateNode::apply(gate, up) : gated_plain(act, gate, up);
    if (few_rows(gate) && has_gate(act)) return gate_step(act, gate, up);
    if (kernel) return silu_gated(gate, up);
    return act(gate).mul_(up);  // the product takes the place of the activation: one buffer less
}

at::Tensor gated_plain(Activation act, const at::Tensor& gate, const at::Tensor& up) {
    return act(gate) * up;
}

}  // namespace moonlet::ops
