// SPDX-License-Identifier: Apache-2.0
// Gradient checkpointing (Chen et al. 2016): a part of a network keeps only its input for the
// backward pass and is computed again there, which trades a third of the time for most of the
// memory. Both computations run the same operations in the same order, so gradients are the very
// bits of a plain run. A family wraps each layer in checkpointed(); whether that does anything is
// decided by who trains, through a Checkpointing that is alive on this thread.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace moonlet::ops {

// While one that is on lives, checkpointed() drops what its part would save.
class Checkpointing {
  public:
    explicit Checkpointing(bool on);
    ~Checkpointing();
    Checkpointing(const Checkpointing&) = delete;
    static bool on();

  private:
    bool before_;
};

// part(x). The part is called again in the backward pass, after this call has returned: it must own
// whatever it captures but the network itself, and depend on nothing that changes meanwhile.
// Gradients of parameters inside it are accumulated into their .grad, so use backward(), not
// autograd::grad. Without Checkpointing, or with nothing recorded, it is called once, plainly.
at::Tensor checkpointed(const at::Tensor& x,
                        const std::function<at::Tensor(const at::Tensor&)>& part);

}  // namespace moonlet::ops
