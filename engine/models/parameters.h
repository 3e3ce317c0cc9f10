// SPDX-License-Identifier: Apache-2.0
// Where a family takes its tensors from while it is built, and where everyone else (saving,
// training, adapters, quantisation, memory counts) finds them again by the checkpoint's own names.
// A family asks for each tensor once, by name and shape; the source is a checkpoint or random
// numbers.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ops/linear.h"

namespace moonlet {

// How a new model draws a tensor; a checkpoint ignores it.
struct Init {
    enum Kind { normal, ones, zeros } kind = normal;
    double std = 0.02;
};

class TensorSource {
  public:
    virtual ~TensorSource() = default;
    virtual bool has(const std::string& name) const = 0;
    // The tensor of that name in its stored dtype, or in the dtype wanted by `init` sources.
    virtual at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) = 0;
    // Every name it holds; empty for random sources, which hold whatever is asked for.
    virtual std::vector<std::string> names() const { return {}; }
};

class Parameters {
  public:
    Parameters(std::shared_ptr<TensorSource> source, at::ScalarType dtype, at::Device device);

    // A tensor of exactly `shape` in this dtype on this device. Error: missing, or another shape
    // (names both). The same name asked twice gives the same tensor.
    at::Tensor tensor(const std::string& name, at::IntArrayRef shape, Init init = {});
    // `name`.weight [out, in] and, with bias, `name`.bias [out]. `weight_name` when the checkpoint
    // stores it transposed or elsewhere is not its business: see transposed_linear.
    Linear linear(const std::string& name, int64_t in, int64_t out, bool bias = false,
                  Init init = {});
    // GPT-2's Conv1D: stored [in, out]; kept and saved that way, used as [out, in] view.
    Linear transposed_linear(const std::string& name, int64_t in, int64_t out, bool bias = true,
                             Init init = {});
    // Linears that stand stacked in one tensor `name` [count, in, out], with `name`_bias [count,
    // out], as gpt-oss keeps its experts; `name`.0, `name`.1 … among linears().
    std::vector<Linear> stacked_linears(const std::string& name, int64_t count, int64_t in,
                                        int64_t out, Init init = {});
    // A Linear whose weight is another tensor already taken (tied heads); not saved twice.
    Linear tied_linear(const at::Tensor& weight, const at::Tensor& bias = {});

    // Takes in a tensor that no source holds, such as a new head's; in this dtype on this device.
    at::Tensor add(const std::string& name, const at::Tensor& tensor);

    // Whether the checkpoint holds it; false for a new model, which so takes the canonical names
    // and no optional parts.
    bool has(const std::string& name) const { return source_->has(name); }
    // Whether the checkpoint holds `name` with the very numbers of `tensor`: a head saved beside
    // the table of tokens that it is tied to. Another one is no tied head, whatever the config
    // says.
    bool holds(const std::string& name, const at::Tensor& tensor) const;
    // Tensors whose name contains one of these are buffers that the family does not need.
    void ignore(std::vector<std::string> parts) { ignored_ = std::move(parts); }
    // The checkpoint's tensors that nobody took and nobody ignores, by name.
    std::vector<std::string> unused() const;

    struct Entry {
        std::string name;   // as in the checkpoint, prefix included
        at::Tensor tensor;  // the storage the model computes with
    };
    const std::vector<Entry>& entries() const { return entries_; }
    // Linear layers by their name ("model.layers.0.self_attn.q_proj"), in order of construction.
    struct NamedLinear {
        std::string name;
        Linear linear;
    };
    const std::vector<NamedLinear>& linears() const { return linears_; }
    // Puts another tensor of the same shape, dtype and device under a name that is there: what
    // saving and training see from now on. Linear handles are exchanged by who calls this
    // (Linear::replace); others that took the tensor keep the old one.
    void exchange(const std::string& name, at::Tensor tensor);
    size_t bytes() const;
    int64_t count() const;  // number of scalars, tied ones once

    at::ScalarType dtype() const { return dtype_; }
    at::Device device() const { return device_; }

  private:
    std::shared_ptr<TensorSource> source_;
    at::ScalarType dtype_;
    at::Device device_;
    std::vector<Entry> entries_;
    std::vector<NamedLinear> linears_;
    std::unordered_map<std::string, size_t> index_;
    std::vector<std::string> ignored_;
};

}  // namespace moonlet
