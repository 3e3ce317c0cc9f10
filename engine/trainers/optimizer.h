// SPDX-License-Identifier: Apache-2.0
// AdamW with decoupled decay (Loshchilov & Hutter 2019; torch.optim.AdamW's numbers) and clipping
// by the global norm. All its state is f32: parameters of a narrower type have an f32 master that
// is updated and rounded into them, so that small steps are not lost. It knows no model and no
// file; whoever saves it takes its tensors by name.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

namespace moonlet {

struct AdamWOptions {
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
    double weight_decay = 0.0;  // times lr; parameters of one dimension (norms, biases) are spared
};

struct NamedTensor {
    std::string name;
    at::Tensor tensor;
};

// Scales f32 gradients so that their common 2-norm is at most max_norm, by max_norm / (norm + 1e-6)
// as torch.nn.utils.clip_grad_norm_ does; 0 leaves them. Returns the norm before.
double clip_gradients(const std::vector<at::Tensor>& gradients, double max_norm);

class AdamW {
  public:
    // The parameters are updated in place; they are held, not copied.
    AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options);

    // One update with f32 gradients in the parameters' order; `number` is 1 for the first one.
    void step(const std::vector<at::Tensor>& gradients, double lr, int number);

    // "<name>.exp_avg", "<name>.exp_avg_sq" and, for narrow parameters, "<name>.master", all f32:
    // the tensors themselves, so that copying into them restores the state.
    std::vector<NamedTensor> state() const;
    size_t bytes() const;

  private:
    struct Slot {
        NamedTensor parameter;
        at::Tensor target;  // what is updated: the parameter, or its master
        at::Tensor exp_avg, exp_avg_sq;
    };
    AdamWOptions options_;
    std::vector<Slot> slots_;
};

}  // namespace moonlet
