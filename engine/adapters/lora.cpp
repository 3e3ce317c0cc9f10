// SPDX-License-Identifier: Apache-2.0
#include "adapters/lora.h"

#include <ATen/CPUGeneratorImpl.h>

#include <atomic>
#include <string_view>

#include "core/random.h"
#include "ops/grad.h"
#include "ops/low_rank.h"

namespace moonlet {

namespace {

std::atomic<uint64_t> serials{0};

bool drops(const LoraPart& part) {
    return part.dropout && part.dropout->p > 0 && part.dropout->seed;
}

bool trains(const LinearWeight& weight) {
    const at::Tensor bias = weight.bias();
    return weight.dense_weight().requires_grad() || (bias.defined() && bias.requires_grad());
}

// The mask is drawn on the CPU, so that it is the same wherever the model runs.
at::Tensor dropped(const at::Tensor& x, const LoraPart& part) {
    if (!drops(part)) return x;
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
    if (parts_.size() == 1 && !drops(parts_[0])) {
        const ops::LowRank part{parts_[0].a, parts_[0].b, parts_[0].scale};
        if (ops::has_low_rank_kernel(given, part)) {
            const bool one_node = ops::records_gradient(given, part.a, part.b) &&
                                  std::string_view(base_->kind()) == "plain" && !trains(*base_);
            if (!one_node) return ops::add_low_rank(base_->apply(given), given, part);
            return ops::linear_low_rank(given, base_->dense_weight(), base_->bias(), part);
        }
    }
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
