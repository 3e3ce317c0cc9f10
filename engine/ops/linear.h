// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b, with W kept behind a kind: plain here, quantised or with an adapter elsewhere
// (adapters/). A family holds `Linear` handles and never knows the kind; whoever exchanges the kind
// does so through Parameters, by name, and every holder of the handle sees it.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>

namespace moonlet {

namespace cpu {
class RowWeights;
}

// One kind of weight. apply() serves both speeds: with autograd recording it is differentiable,
// under inference it may take a fused kernel; both give the same numbers.
class LinearWeight {
  public:
    virtual ~LinearWeight() = default;
    // x [.., in_features] -> [.., out_features], in x's dtype.
    virtual at::Tensor apply(const at::Tensor& x) const = 0;
    virtual int64_t in_features() const = 0;
    virtual int64_t out_features() const = 0;
    virtual size_t bytes() const = 0;
    virtual const char* kind() const = 0;  // "plain"
    // What the kind stands for, [out, in] in the dtype it computes with, and its bias or undefined:
    // for merging, exporting and quantising. The plain kind returns its own tensors, not copies.
    virtual at::Tensor dense_weight() const = 0;
    virtual at::Tensor bias() const = 0;
    // Another number whenever apply() may give something else for the same x because of tensors
    // that are the kind's own, not the model's parameters: what was computed with it is then stale.
    virtual uint64_t version() const { return 0; }
    // For native code that does more than this product in one call, on the CPU and without
    // autograd: the weight itself; nullptr: only apply() says what this kind computes.
    virtual const cpu::RowWeights* row_kernel() const { return nullptr; }
};

class Linear {
  public:
    Linear() = default;
    explicit Linear(std::shared_ptr<LinearWeight> weight)
        : slot_(std::make_shared<std::shared_ptr<LinearWeight>>(std::move(weight))) {}
    at::Tensor operator()(const at::Tensor& x) const { return (*slot_)->apply(x); }
    const std::shared_ptr<LinearWeight>& weight() const { return *slot_; }
    void replace(std::shared_ptr<LinearWeight> weight) { *slot_ = std::move(weight); }
    explicit operator bool() const { return slot_ != nullptr; }

  private:
    std::shared_ptr<std::shared_ptr<LinearWeight>> slot_;
};

// The plain kind: weight [out, in], bias [out] or undefined.
std::shared_ptr<LinearWeight> plain_weight(at::Tensor weight, at::Tensor bias);
// The same for a weight that is stored [in, out] and stays so ("plain", too). The view is taken at
// each call: one taken before training asked for gradients would not carry them.
std::shared_ptr<LinearWeight> transposed_weight(at::Tensor stored, at::Tensor bias);
// One of a stack: row `index` of stored [count, in, out] and of bias [count, out].
std::shared_ptr<LinearWeight> stacked_weight(at::Tensor stored, at::Tensor bias, int64_t index);

}  // namespace moonlet
