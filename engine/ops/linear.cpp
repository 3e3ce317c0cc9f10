// SPDX-License-Identifier: Apache-2.0
#include "ops/linear.h"

#include "core/error.h"

namespace moonlet {

namespace {

class PlainWeight : public LinearWeight {
  public:
    PlainWeight(at::Tensor weight, at::Tensor bias)
        : weight_(std::move(weight)), bias_(std::move(bias)) {}
    at::Tensor apply(const at::Tensor& x) const override { return at::linear(x, weight_, bias_); }
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
};

class TransposedWeight : public LinearWeight {
  public:
    TransposedWeight(at::Tensor stored, at::Tensor bias)
        : stored_(std::move(stored)), bias_(std::move(bias)) {}
    at::Tensor apply(const at::Tensor& x) const override {
        return at::linear(x, stored_.t(), bias_);
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
};

class StackedWeight : public LinearWeight {
  public:
    StackedWeight(at::Tensor stored, at::Tensor bias, int64_t index)
        : stored_(std::move(stored)), bias_(std::move(bias)), index_(index) {}
    at::Tensor apply(const at::Tensor& x) const override {
        return at::linear(x, dense_weight(), bias());
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
