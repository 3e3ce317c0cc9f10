// SPDX-License-Identifier: Apache-2.0
#include "ops/linear.h"

#include <optional>

#include "core/error.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/plain.h"
#include "ops/cpu/transposed.h"
#include "ops/few_rows.h"
#include "ops/many_rows.h"

namespace moonlet {

namespace {

// Native rows over a tensor where it lies, made when first asked for and again when the tensor has
// another storage: what is trained in place is seen at once.
template <class Rows>
class InPlace {
  public:
    // make(data): Rows over it. nullptr: not on the CPU, or of a type without kernels.
    template <class Make>
    const Rows* over(const at::Tensor& weight, const at::Tensor& bias, Make make) const {
        if (!weight.is_cpu() || cpu::isa() < cpu::Isa::avx2) return nullptr;
        const void* data = weight.const_data_ptr();
        if (!rows_ || data != data_) {
            rows_.emplace(make(data));
            data_ = data;
            bias_of_ = nullptr;
        }
        if (bias.defined()) take(bias);
        return &*rows_;
    }

  private:
    // A bias is read as f32: taken again whenever it may have changed.
    void take(const at::Tensor& bias) const {
        const bool counts = !bias.is_inference();
        if (counts && bias_of_ == bias.const_data_ptr() && version_ == bias._version()) return;
        rows_->set_bias(ops::bias_values(bias));
        bias_of_ = bias.const_data_ptr();
        if (counts) version_ = bias._version();
    }

    mutable std::optional<Rows> rows_;
    mutable const void *data_ = nullptr, *bias_of_ = nullptr;
    mutable uint32_t version_ = 0;
};

bool has_kernels(const at::Tensor& weight) {
    return weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kBFloat16 ||
           weight.scalar_type() == at::kHalf;
}

using cpu::PlainType;
PlainType plain_type(const at::Tensor& weight) {
    return weight.scalar_type() == at::kFloat      ? PlainType::f32
           : weight.scalar_type() == at::kBFloat16 ? PlainType::bf16
                                                   : PlainType::f16;
}

// stored [in, out], each row in one piece.
const cpu::RowWeights* transposed_rows(const InPlace<cpu::TransposedRows>& rows,
                                       const at::Tensor& stored, const at::Tensor& bias) {
    if (!has_kernels(stored) || stored.stride(1) != 1) return nullptr;
    return rows.over(stored, bias, [&](const void* data) {
        return cpu::TransposedRows(plain_type(stored), data, stored.size(0), stored.size(1),
                                   stored.stride(0));
    });
}

// x W^T + b by native rows where x has few of them.
at::Tensor by_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   const LinearWeight& kind) {
    if (x.scalar_type() == weight.scalar_type() && ops::few_rows(x) && x.size(-1) == weight.size(1))
        if (const cpu::RowWeights* rows = kind.row_kernel()) return ops::few_rows_linear(x, *rows);
    return ops::many_rows_linear(x, weight, bias);
}

class PlainWeight : public LinearWeight {
  public:
    PlainWeight(at::Tensor weight, at::Tensor bias)
        : weight_(std::move(weight)), bias_(std::move(bias)) {}
    at::Tensor apply(const at::Tensor& x) const override {
        return by_rows(x, weight_, bias_, *this);
    }
    const cpu::RowWeights* row_kernel() const override {
        if (!has_kernels(weight_) || !weight_.is_contiguous()) return nullptr;
        return rows_.over(weight_, bias_, [&](const void* data) {
            return cpu::PlainRows(plain_type(weight_), data, weight_.size(0), weight_.size(1));
        });
    }
    int64_t in_features() const override { return weight_.size(1); }
    int64_t out_features() const override { return weight_.size(0); }
    size_t bytes() const override {
        return weight_.nbytes() + (bias_.defined() ? bias_.nbytes() : 0);
    }
    const char* kind() const override { return "plain"; }
    at::Tensor dense_weight() const override { return weight_; }
    at::Tensor bias() const override { return bias_; }

  private:
    at::Tensor weight_, bias_;
    InPlace<cpu::PlainRows> rows_;
};

class TransposedWeight : public LinearWeight {
  public:
    TransposedWeight(at::Tensor stored, at::Tensor bias)
        : stored_(std::move(stored)), bias_(std::move(bias)) {}
    at::Tensor apply(const at::Tensor& x) const override {
        return by_rows(x, stored_.t(), bias_, *this);
    }
    const cpu::RowWeights* row_kernel() const override {
        return transposed_rows(rows_, stored_, bias_);
    }
    int64_t in_features() const override { return stored_.size(0); }
    int64_t out_features() const override { return stored_.size(1); }
    size_t bytes() const override {
        return stored_.nbytes() + (bias_.defined() ? bias_.nbytes() : 0);
    }
    const char* kind() const override { return "plain"; }
    at::Tensor dense_weight() const override { return stored_.t(); }
    at::Tensor bias() const override { return bias_; }

  private:
    at::Tensor stored_, bias_;
    InPlace<cpu::TransposedRows> rows_;
};

class StackedWeight : public LinearWeight {
  public:
    StackedWeight(at::Tensor stored, at::Tensor bias, int64_t index)
        : stored_(std::move(stored)), bias_(std::move(bias)), index_(index) {}
    at::Tensor apply(const at::Tensor& x) const override {
        return by_rows(x, dense_weight(), bias(), *this);
    }
    const cpu::RowWeights* row_kernel() const override {
        return transposed_rows(rows_, stored_.select(0, index_), bias_.select(0, index_));
    }
    int64_t in_features() const override { return stored_.size(1); }
    int64_t out_features() const override { return stored_.size(2); }
    size_t bytes() const override {
        return (stored_.nbytes() + bias_.nbytes()) / size_t(stored_.size(0));
    }
    const char* kind() const override { return "plain"; }
    at::Tensor dense_weight() const override { return stored_.select(0, index_).t(); }
    at::Tensor bias() const override { return bias_.select(0, index_); }

  private:
    at::Tensor stored_, bias_;
    int64_t index_;
    InPlace<cpu::TransposedRows> rows_;
};

void check(const at::Tensor& weight, const at::Tensor& bias, int64_t out) {
    if (weight.dim() != 2 || (bias.defined() && (bias.dim() != 1 || bias.size(0) != out)))
        throw Error("a linear weight of " + std::to_string(weight.dim()) + " dimensions",
                    "2 dimensions, and a bias [out_features] or none");
}

}  // namespace

std::shared_ptr<LinearWeight> plain_weight(at::Tensor weight, at::Tensor bias) {
    check(weight, bias, weight.size(0));
    return std::make_shared<PlainWeight>(std::move(weight), std::move(bias));
}

std::shared_ptr<LinearWeight> transposed_weight(at::Tensor stored, at::Tensor bias) {
    check(stored, bias, stored.size(-1));
    return std::make_shared<TransposedWeight>(std::move(stored), std::move(bias));
}

std::shared_ptr<LinearWeight> stacked_weight(at::Tensor stored, at::Tensor bias, int64_t index) {
    if (stored.dim() != 3 || bias.dim() != 2 || bias.size(0) != stored.size(0) ||
        bias.size(1) != stored.size(2) || index < 0 || index >= stored.size(0))
        throw Error("a stack of linear weights of " + std::to_string(stored.dim()) + " dimensions",
                    "[count, in_features, out_features] and a bias [count, out_features]");
    return std::make_shared<StackedWeight>(std::move(stored), std::move(bias), index);
}

}  // namespace moonlet
