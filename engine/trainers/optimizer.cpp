// SPDX-License-Identifier: Apache-2.0
// On the CPU in f32 and bf16 own kernels: a pass for the norm, and one that clips, moves and rounds
// at once. Elsewhere LibTorch's fused kernel does the arithmetic.
#include "trainers/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "ops/adamw_kernel.h"

namespace moonlet {

namespace {

constexpr int64_t kChunk = 4096;   // squares added in f32, before they are added in f64
constexpr int64_t kGrain = 16384;  // values a thread takes at least

bool is(const at::Tensor& x, at::ScalarType type) { return x.scalar_type() == type; }
bool has_kernel(const at::Tensor& x) {
    return x.is_cpu() && (is(x, at::kFloat) || is(x, at::kBFloat16));
}
// A master in two parts: the parameter and 16 bits.
bool in_parts(const at::Tensor& parameter) {
    return parameter.is_cpu() && is(parameter, at::kBFloat16);
}

template <class T>
T* data(const at::Tensor& x) {
    return static_cast<T*>(x.data_ptr());
}

template <class T>
double square_sum(const at::Tensor& x) {
    const T* values = data<T>(x);
    const int64_t n = x.numel(), chunks = (n + kChunk - 1) / kChunk;
    std::vector<double> sums(static_cast<size_t>(chunks));
    at::parallel_for(0, chunks, kGrain / kChunk, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            sums[size_t(i)] =
                double(ops::squares(values + i * kChunk, std::min(kChunk, n - i * kChunk)));
    });
    double total = 0;
    for (double sum : sums) total += sum;
    return total;
}

at::Tensor joined(const at::Tensor& parameter, const at::Tensor& rest) {
    at::Tensor master = at::empty(parameter.sizes(), parameter.options().dtype(at::kFloat));
    ops::join_master(data<uint16_t>(parameter), data<int16_t>(rest), data<float>(master),
                     parameter.numel());
    return master;
}

}  // namespace

double gradient_norm(const std::vector<at::Tensor>& gradients) {
    at::NoGradGuard no_grad;
    double total = 0;
    for (const at::Tensor& given : gradients) {
        if (has_kernel(given)) {
            const at::Tensor g = given.contiguous();
            total += is(g, at::kFloat) ? square_sum<float>(g) : square_sum<uint16_t>(g);
        } else {
            total += std::pow(at::linalg_vector_norm(given.to(at::kDouble)).item<double>(), 2);
        }
    }
    return std::sqrt(total);
}

double clip_scale(double norm, double max_norm) {
    return max_norm > 0 ? std::min(1.0, max_norm / (norm + 1e-6)) : 1.0;
}

AdamW::AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options) : options_(options) {
    at::NoGradGuard no_grad;
    for (NamedTensor& p : parameters) {
        Slot slot;
        const at::TensorOptions wide = p.tensor.options().dtype(at::kFloat);
        if (in_parts(p.tensor)) slot.master = at::zeros(p.tensor.sizes(), wide.dtype(at::kShort));
        else if (!is(p.tensor, at::kFloat)) slot.master = p.tensor.detach().to(at::kFloat);
        slot.exp_avg = at::zeros(p.tensor.sizes(), wide);
        slot.exp_avg_sq = at::zeros(p.tensor.sizes(), wide);
        slot.parameter = std::move(p);
        slots_.push_back(std::move(slot));
    }
}

void AdamW::step(const std::vector<at::Tensor>& gradients, double lr, int number, double scale) {
    at::NoGradGuard no_grad;
    ops::AdamWStep step{};
    step.scale = float(scale);
    step.first = float(1 - options_.beta1), step.second = float(1 - options_.beta2);
    step.beta2 = float(options_.beta2);
    step.step_size = float(lr / (1 - std::pow(options_.beta1, number)));
    step.root_scale = float(1 / std::sqrt(1 - std::pow(options_.beta2, number)));
    step.eps = float(options_.eps);
    for (size_t i = 0; i < slots_.size(); ++i) {
        const Slot& slot = slots_[i];
        const at::Tensor &parameter = slot.parameter.tensor, g = gradients[i].contiguous();
        const bool parts = in_parts(parameter);
        if (!(has_kernel(parameter) && parameter.is_contiguous() && has_kernel(g) &&
              (parts || is(g, at::kFloat)))) {
            update_plain(slot, g.to(at::kFloat) * scale, lr, number);
            continue;
        }
        step.kept = float(1 - (parameter.dim() > 1 ? lr * options_.weight_decay : 0));
        float *mean = data<float>(slot.exp_avg), *square = data<float>(slot.exp_avg_sq);
        at::parallel_for(0, g.numel(), kGrain, [&](int64_t begin, int64_t end) {
            const int64_t n = end - begin;
            auto update = [&](auto... of) { ops::adamw_rows(of..., n, step); };
            if (!parts)
                update(data<float>(parameter) + begin, mean + begin, square + begin,
                       data<const float>(g) + begin);
            else if (is(g, at::kFloat))
                update(data<uint16_t>(parameter) + begin, data<int16_t>(slot.master) + begin,
                       mean + begin, square + begin, data<const float>(g) + begin);
            else
                update(data<uint16_t>(parameter) + begin, data<int16_t>(slot.master) + begin,
                       mean + begin, square + begin, data<const uint16_t>(g) + begin);
        });
        // Who kept what the old weights gave (generation/context.h) sees by the version that they
        // changed.
        parameter.unsafeGetTensorImpl()->bump_version();
    }
}

void AdamW::update_plain(const Slot& slot, const at::Tensor& gradient, double lr, int number) {
    const at::Tensor& parameter = slot.parameter.tensor;
    const bool parts = in_parts(parameter);
    at::Tensor target = parts                   ? joined(parameter.contiguous(), slot.master)
                        : slot.master.defined() ? slot.master
                                                : parameter.detach();
    at::Tensor count = at::full({}, double(number), target.options());
    at::_fused_adamw_({target}, {gradient}, {slot.exp_avg}, {slot.exp_avg_sq}, {}, {count}, lr,
                      options_.beta1, options_.beta2,
                      parameter.dim() > 1 ? options_.weight_decay : 0.0, options_.eps, false,
                      false);
    if (parts) {
        at::Tensor rounded = at::empty(parameter.sizes(), parameter.options());
        ops::split_master(data<float>(target), data<uint16_t>(rounded), data<int16_t>(slot.master),
                          target.numel());
        parameter.copy_(rounded);
    } else if (slot.master.defined()) {
        parameter.copy_(target);
    } else {
        parameter.unsafeGetTensorImpl()->bump_version();
    }
}

std::vector<NamedTensor> AdamW::state() const {
    at::NoGradGuard no_grad;
    std::vector<NamedTensor> result;
    for (const Slot& slot : slots_) {
        const auto& [name, parameter] = slot.parameter;
        result.push_back({name + ".exp_avg", slot.exp_avg});
        result.push_back({name + ".exp_avg_sq", slot.exp_avg_sq});
        if (slot.master.defined())
            result.push_back({name + ".master", in_parts(parameter)
                                                    ? joined(parameter.contiguous(), slot.master)
                                                    : slot.master});
    }
    return result;
}

void AdamW::restore(const std::vector<at::Tensor>& state) {
    at::NoGradGuard no_grad;
    size_t at = 0;
    for (Slot& slot : slots_) {
        slot.exp_avg.copy_(state[at++]);
        slot.exp_avg_sq.copy_(state[at++]);
        if (!slot.master.defined()) continue;
        const at::Tensor &parameter = slot.parameter.tensor, master = state[at++].contiguous();
        if (!in_parts(parameter)) {
            slot.master.copy_(master);
            continue;
        }
        at::Tensor rounded = at::empty(parameter.sizes(), parameter.options());
        ops::split_master(data<float>(master), data<uint16_t>(rounded), data<int16_t>(slot.master),
                          master.numel());
        parameter.copy_(rounded);
    }
}

size_t AdamW::bytes() const {
    size_t total = 0;
    for (const Slot& slot : slots_)
        total += slot.exp_avg.nbytes() + slot.exp_avg_sq.nbytes() +
                 (slot.master.defined() ? slot.master.nbytes() : 0);
    return total;
}

}  // namespace moonlet
