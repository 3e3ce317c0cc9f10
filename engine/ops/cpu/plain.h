// SPDX-License-Identifier: Apache-2.0
// Weights as they lie in a file, [out, in] row after row of f32, f16 or bf16: nothing is copied,
// and whoever owns them keeps them (the caller, for as long as this lives).
#pragma once

#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/cpu/rows.h"

namespace moonlet::cpu {

class PlainRows : public RowWeights {
  public:
    PlainRows(PlainType type, const void* weight, int64_t rows, int64_t width)
        : type_(type), weight_(weight), rows_(rows), width_(width) {}

    int64_t in_features() const override { return width_; }
    int64_t out_features() const override { return rows_; }
    // bf16 times bf16 where there is an instruction for it, else everything in f32.
    Form form(bool x_is_bf16) const override;
    void multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                  int64_t stride) const override;
    const float* bias() const override { return bias_.empty() ? nullptr : bias_.data(); }
    void set_bias(std::vector<float> bias) { bias_ = std::move(bias); }

  private:
    PlainType type_;
    const void* weight_;
    int64_t rows_, width_;
    std::vector<float> bias_;
};

}  // namespace moonlet::cpu
