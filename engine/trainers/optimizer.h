// SPDX-License-Identifier: Apache-2.0
// AdamW with decoupled decay (Loshchilov & Hutter 2019; torch.optim.AdamW's numbers) and clipping
// by the global norm. All its state is f32: parameters of a narrower type have an f32 master that
// is updated and rounded into them, so that small steps are not lost; of a bf16 parameter's master
// only what the parameter does not say is kept (ops/adamw_kernel.h). It knows no model and no file;
// whoever saves it takes its tensors by name.
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

// The common 2-norm of gradients in f32 or bf16: the same bits whatever the number of threads.
double gradient_norm(const std::vector<at::Tensor>& gradients);

// What gradients of this norm are multiplied with so that it is at most max_norm: max_norm / (norm
// + 1e-6), as torch.nn.utils.clip_grad_norm_ does; 1 below it, and where max_norm is 0.
double clip_scale(double norm, double max_norm);

class AdamW {
  public:
    // The parameters are updated in place; they are held, not copied.
    AdamW(std::vector<NamedTensor> parameters, const AdamWOptions& options);

    // One update with `scale` times the gradients, f32 or the parameters' type, in their order;
    // `number` is 1 for the first one.
    void step(const std::vector<at::Tensor>& gradients, double lr, int number, double scale = 1);

    // "<name>.exp_avg", "<name>.exp_avg_sq" and, for narrow parameters, "<name>.master", all f32.
    // The moments are the tensors themselves.
    std::vector<NamedTensor> state() const;
    // Takes over what state() gave, in its order; the parameters become the rounded masters.
    void restore(const std::vector<at::Tensor>& state);
    size_t bytes() const;

  private:
    struct Slot {
        NamedTensor parameter;
        at::Tensor master;  // f32, or of bf16 the 16 bits beyond the parameter; undefined: none
        at::Tensor exp_avg, exp_avg_sq;
    };
    void update_plain(const Slot& slot, const at::Tensor& gradient, double lr, int number);
    AdamWOptions options_;
    std::vector<Slot> slots_;
};

}  // namespace moonlet
