// SPDX-License-Identifier: Apache-2.0
// What a product keeps of its input for the backward pass. Norms and gates are cheap beside the
// products that read them, and their nodes keep what they were made of anyway: so a product that
// reads one keeps the node that made it, not the numbers, and has them made again, the same bits.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

namespace moonlet::ops {

// Whether a node is of rms_norm's or gated's kernel; with y: its output, made again.
bool rms_norm_again(torch::autograd::Node& node, at::Tensor* y);
bool gated_again(torch::autograd::Node& node, at::Tensor* y);

// For a node's forward and backward pass: x itself or how it is made. Takes one saved variable, the
// first one.
struct KeptInput : torch::CustomClassHolder {
    std::shared_ptr<torch::autograd::Node> maker;

    // What to save as a variable: x, or nothing.
    static at::Tensor keep(torch::autograd::AutogradContext* context, const at::Tensor& x) {
        const auto& node = x.grad_fn();
        if (!node || (!rms_norm_again(*node, nullptr) && !gated_again(*node, nullptr))) return x;
        auto kept = c10::make_intrusive<KeptInput>();
        kept->maker = node;
        context->saved_data["made by"] = c10::IValue::make_capsule(
            c10::intrusive_ptr<torch::CustomClassHolder>(std::move(kept)));
        return {};
    }
    static at::Tensor take(torch::autograd::AutogradContext* context, const at::Tensor& saved) {
        if (saved.defined()) return saved;
        at::NoGradGuard no_grad;
        auto kept = c10::static_intrusive_pointer_cast<KeptInput>(
            context->saved_data["made by"].toCapsule());
        at::Tensor x;
        if (!rms_norm_again(*kept->maker, &x)) gated_again(*kept->maker, &x);
        return x;
    }
};

}  // namespace moonlet::ops
