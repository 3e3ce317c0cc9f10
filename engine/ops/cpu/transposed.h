// SPDX-License-Identifier: Apache-2.0
// Weights that a file stores [in, out], f32, f16 or bf16, used where they lie; whoever owns them
// keeps them. A result is one sum over the columns of `in` in order.
#pragma once

#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/cpu/rows.h"

namespace moonlet::cpu {

class TransposedRows : public RowWeights {
  public:
    using Type = PlainType;

    // stride: from one row of `out` numbers to the next.
    TransposedRows(Type type, const void* stored, int64_t in, int64_t out, int64_t stride)
        : type_(type), stored_(stored), in_(in), out_(out), stride_(stride) {}

    int64_t in_features() const override { return in_; }
    int64_t out_features() const override { return out_; }
    Form form(bool) const override { return Form::f32; }
    void multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                  int64_t stride) const override;
    const float* bias() const override { return bias_.empty() ? nullptr : bias_.data(); }
    void set_bias(std::vector<float> bias) { bias_ = std::move(bias); }

  private:
    Type type_;
    const void* stored_;
    int64_t in_, out_, stride_;
    std::vector<float> bias_;
};

}  // namespace moonlet::cpu
