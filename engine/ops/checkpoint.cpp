// SPDX-License-Identifier: Apache-2.0
// The first computation records as well, on a detached input, and lets the recording go: with
// recording off, ops would take their fused path, whose last bits differ.
#include "ops/checkpoint.h"

#include <torch/csrc/autograd/custom_function.h>

#include "ops/grad.h"
#include "ops/observer.h"

namespace moonlet::ops {

namespace {

using Part = std::function<at::Tensor(const at::Tensor&)>;

thread_local bool checkpointing = false;

struct HeldPart : torch::CustomClassHolder {
    explicit HeldPart(Part p) : part(std::move(p)) {}
    Part part;
};

at::Tensor input_of(const at::Tensor& x) {
    at::Tensor input = x.detach();
    input.requires_grad_(true);
    return input;
}

struct Checkpoint : torch::autograd::Function<Checkpoint> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const Part& part) {
        context->save_for_backward({x});
        context->saved_data["part"] = c10::IValue::make_capsule(
            c10::intrusive_ptr<torch::CustomClassHolder>(c10::make_intrusive<HeldPart>(part)));
        at::AutoGradMode recording(true);
        return part(input_of(x)).detach();
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        auto held =
            c10::static_intrusive_pointer_cast<HeldPart>(context->saved_data["part"].toCapsule());
        at::Tensor input = input_of(context->get_saved_variables()[0]);
        at::AutoGradMode recording(true);
        held->part(input).backward(gradients[0]);
        return {input.grad(), {}};
    }
};

}  // namespace

Checkpointing::Checkpointing(bool on) : before_(checkpointing) { checkpointing = on; }
Checkpointing::~Checkpointing() { checkpointing = before_; }
bool Checkpointing::on() { return checkpointing; }

at::Tensor checkpointed(const at::Tensor& x, const Part& part) {
    if (Observer* observer = Observer::current()) observer->block(x);
    if (!checkpointing || !at::GradMode::is_enabled()) return part(x);
    // Behind a frozen embedding nothing would ask for the node: a view that does is put before it.
    return Checkpoint::apply(x.requires_grad() ? x : input_of(x), part);
}

}  // namespace moonlet::ops
