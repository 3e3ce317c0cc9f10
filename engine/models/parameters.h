// SPDX-License-Identifier: Apache-2.0
// Where a family takes its tensors from while it is built, and where everyone else (saving,
// training, adapters, quantisation, memory counts) finds them again by the checkpoint's own names.
// A family asks for each tensor once, by name and shape; the source is a checkpoint or random
// numbers. A source may keep a weight packed (quantised): its Linear then computes with the packed
// numbers, and its entry is a tensor without storage (on the meta device) that dense() fills.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "models/table.h"
#include "ops/linear.h"

namespace moonlet {

// How a new model draws a tensor; a checkpoint ignores it.
struct Init {
    enum Kind { normal, ones, zeros } kind = normal;
    double std = 0.02;
};

// A Linear's weight [out, in], which some checkpoints keep [in, out].
struct WeightShape {
    int64_t out = 0, in = 0;
    bool transposed = false;
    std::vector<int64_t> stored() const {
        return transposed ? std::vector<int64_t>{in, out} : std::vector<int64_t>{out, in};
    }
};

class TensorSource {
  public:
    virtual ~TensorSource() = default;
    virtual bool has(const std::string& name) const = 0;
    // The tensor of that name in its stored dtype, or in the dtype wanted by `init` sources.
    virtual at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) = 0;
    // Whether the source keeps a weight packed: then packed() gives it, computing in `dtype`. A row
    // of a stack of weights goes by the stack's name, "." and its index.
    virtual bool packs(const std::string& /*name*/, const WeightShape&) { return false; }
    virtual std::shared_ptr<LinearWeight> packed(const std::string& /*name*/, const WeightShape&,
                                                 at::ScalarType /*dtype*/,
                                                 const at::Tensor& /*bias*/) {
        return nullptr;
    }
    // Likewise a table whose rows are looked up.
    virtual std::shared_ptr<const PackedRows> packed_rows(const std::string& /*name*/,
                                                          at::IntArrayRef /*shape*/) {
        return nullptr;
    }
    // Every name it holds; empty for random sources, which hold whatever is asked for.
    virtual std::vector<std::string> names() const { return {}; }
    // The caller has made its own form of the tensor: pages of a map need not stay in memory.
    virtual void release(const std::string& /*name*/) {}
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
    // A table whose rows are looked up, [rows, width].
    Table table(const std::string& name, at::IntArrayRef shape, Init init = {});
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
        at::Tensor tensor;  // the storage the model computes with; see dense()
    };
    const std::vector<Entry>& entries() const { return entries_; }
    // The entry's numbers: its tensor, or a new one of what its packed weight stands for.
    at::Tensor dense(const Entry& entry) const;
    using PackedWeights = std::unordered_map<std::string, std::shared_ptr<LinearWeight>>;
    using PackedTables = std::unordered_map<std::string, std::shared_ptr<const PackedRows>>;
    // What is packed, by the names of its entries (of a stack: with "." and the index).
    const PackedWeights& packed_weights() const { return packed_; }
    const PackedTables& packed_tables() const { return packed_rows_; }
    bool has_packed() const { return !packed_.empty() || !packed_rows_.empty(); }
    // "int4", "q4_0" … of the packed weights with the most numbers; "" when there are none.
    std::string packed_kind() const;
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
    size_t bytes() const;   // of what is computed with, packed weights as they are packed
    int64_t count() const;  // number of scalars, tied ones once

    at::ScalarType dtype() const { return dtype_; }
    at::Device device() const { return device_; }

  private:
    at::Tensor enter(const std::string& name, at::Tensor tensor);
    at::Tensor enter_packed(const std::string& name, at::IntArrayRef shape);  // without storage
    bool packs(const std::string& name, const WeightShape& shape) const;
    std::shared_ptr<LinearWeight> take_packed(const std::string& name, const WeightShape& shape,
                                              const at::Tensor& bias);

    Linear any_linear(const std::string& name, const WeightShape& shape, bool bias, Init init);

    std::shared_ptr<TensorSource> source_;
    at::ScalarType dtype_;
    at::Device device_;
    PackedWeights packed_;
    std::unordered_set<std::string> transposed_;  // packed ones whose entry is [in, out]
    PackedTables packed_rows_;
    std::vector<Entry> entries_;
    std::vector<NamedLinear> linears_;
    std::unordered_map<std::string, size_t> index_;
    std::vector<std::string> ignored_;
};

}  // namespace moonlet
