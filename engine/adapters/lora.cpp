// SPDX-License-Identifier: Apache-2.0
#include "adapters/lora.h"

#include <ATen/CPUGeneratorImpl.h>

#include <atomic>

#include "core/random.h"
#include "ops/grad.h"

namespace moonlet {

namespace {

std::atomic<uint64_t> serials{0};

// The mask is drawn on the CPU, so that it is the same wherever the model runs.
at::Tensor dropped(const at::Tensor& x, const LoraPart& part) {
    if (!part.dropout || part.dropout->p <= 0 || !part.dropout->seed) return x;
    const double kept = 1 - part.dropout->p;
    Random mix(*part.dropout->seed ^ part.layer);
    at::Tensor mask = at::empty(x.sizes(), x.options().device(at::kCPU).requires_grad(false));
    mask.bernoulli_(kept, at::detail::createCPUGenerator(mix.next()));
    if (kept > 0) mask.div_(kept);
    return x * mask.to(x.device());
}

}  // namespace

at::Tensor lora_delta(const LoraPart& part) { return at::mm(part.b, part.a) * part.scale; }

LoraWeight::LoraWeight(std::shared_ptr<LinearWeight> base, std::vector<LoraPart> parts)
    : base_(std::move(base)), parts_(std::move(parts)), serial_(++serials) {}

at::Tensor LoraWeight::apply(const at::Tensor& given) const {
    at::Tensor y = base_->apply(given), x = given;
    const at::ScalarType type = y.scalar_type();
    for (const LoraPart& part : parts_) {
        x = x.to(part.a.scalar_type());
        // The order of operations is peft's: scaled after B, then added.
        y = y + at::linear(at::linear(dropped(x, part), part.a), part.b) * part.scale;
    }
    return y.to(type);
}

size_t LoraWeight::bytes() const {
    size_t sum = base_->bytes();
    for (const LoraPart& part : parts_) sum += part.a.nbytes() + part.b.nbytes();
    return sum;
}

at::Tensor LoraWeight::dense_weight() const {
    at::NoGradGuard no_grad;
    at::Tensor base = base_->dense_weight(), sum = base;
    for (const LoraPart& part : parts_) sum = sum + lora_delta(part);
    return sum.to(base.scalar_type());
}

uint64_t LoraWeight::version() const {
    uint64_t h = serial_;
    for (const LoraPart& part : parts_)
        for (const at::Tensor& t : {part.a, part.b})
            if (!t.is_inference()) h = h * 1099511628211ull + t._version();
    return h;
}

}  // namespace moonlet
