// SPDX-License-Identifier: Apache-2.0
// LibTorch's fused kernel does the arithmetic: one pass over memory instead of about ten.
#include "trainers/optimizer.h"

#include <ATen/core/grad_mode.h>

namespace moonlet {

double clip_gradients(const std::vector<at::Tensor>& gradients, double max_norm) {
    at::NoGradGuard no_grad;
    at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2)), 2);
    if (max_norm > 0) {
        at::Tensor scale = at::clamp_max(max_norm / (norm + 1e-6), 1.0);
        for (const at::Tensor& gradient : gradients) const_cast<at::Tensor&>(gradient).mul_(scale);
    }
    return norm.item<float>();
}

AdamW::AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options) : options_(options) {
    at::NoGradGuard no_grad;
    for (NamedTensor& p : parameters) {
        Slot slot;
        slot.target = p.tensor.scalar_type() == at::kFloat ? p.tensor : p.tensor.to(at::kFloat);
        slot.exp_avg = at::zeros_like(slot.target, at::MemoryFormat::Contiguous);
        slot.exp_avg_sq = at::zeros_like(slot.target, at::MemoryFormat::Contiguous);
        slot.parameter = std::move(p);
        slots_.push_back(std::move(slot));
    }
}

void AdamW::step(const std::vector<at::Tensor>& gradients, double lr, int number) {
    at::NoGradGuard no_grad;
    for (bool decays : {true, false}) {
        std::vector<at::Tensor> targets, grads, averages, squares, steps;
        for (size_t i = 0; i < slots_.size(); ++i) {
            const Slot& slot = slots_[i];
            if ((slot.target.dim() > 1) != decays) continue;
            targets.push_back(slot.target.detach());
            grads.push_back(gradients[i]);
            averages.push_back(slot.exp_avg);
            squares.push_back(slot.exp_avg_sq);
            // The kernel wants the number of this step as a tensor beside each parameter.
            steps.push_back(at::full({}, double(number), slot.target.options().dtype(at::kFloat)));
        }
        if (targets.empty()) continue;
        at::_fused_adamw_(targets, grads, averages, squares, {}, steps, lr, options_.beta1,
                          options_.beta2, decays ? options_.weight_decay : 0.0, options_.eps, false,
                          false);
    }
    for (Slot& slot : slots_) {
        if (!slot.target.is_same(slot.parameter.tensor)) slot.parameter.tensor.copy_(slot.target);
        // The fused kernel leaves the version as it was; who kept what the old weights gave
        // (generation/context.h) sees by it that they changed.
        else slot.target.unsafeGetTensorImpl()->bump_version();
    }
}

std::vector<NamedTensor> AdamW::state() const {
    std::vector<NamedTensor> result;
    for (const Slot& slot : slots_) {
        const std::string& name = slot.parameter.name;
        result.push_back({name + ".exp_avg", slot.exp_avg});
        result.push_back({name + ".exp_avg_sq", slot.exp_avg_sq});
        if (!slot.target.is_same(slot.parameter.tensor))
            result.push_back({name + ".master", slot.target});
    }
    return result;
}

size_t AdamW::bytes() const {
    size_t total = 0;
    for (const NamedTensor& t : state()) total += t.tensor.nbytes();
    return total;
}

}  // namespace moonlet
