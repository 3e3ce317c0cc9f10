// SPDX-License-Identifier: Apache-2.0
// Quantised weights in panels of 16 rows (kernels.h has the layout), made from dense weights by
// rounding or from GGUF's blocks as they are, without rounding again. Columns need not fill a
// group, nor rows a panel.
//
// Activations of f32 are multiplied with the values that unpack() gives. Those of bf16 are rounded
// to int8, and multiplied with the same values, but for nf4: there the values of its book are taken
// in whole steps of 1/112 of the group's largest, which moves them by at most 0.0039 of it and by
// 0.0017 in the mean square, a twentieth of what nf4's own rounding does.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/cpu/memory.h"
#include "ops/cpu/rows.h"

namespace moonlet::cpu {

class PackedWeights : public RowWeights {
  public:
    // Room for panels, zeroed but for their codes. group: columns that share a scale, 32, 64, 128
    // or 0 for the whole row (int8, int4, nf4 only). Error: another group.
    PackedWeights(Packing packing, int64_t rows, int64_t width, int64_t group);

    int64_t in_features() const override { return panels_.width; }
    int64_t out_features() const override { return panels_.rows; }
    Form form(bool x_is_bf16) const override;
    void multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                  int64_t stride) const override;
    const float* bias() const override { return bias_.empty() ? nullptr : bias_.data(); }
    void set_bias(std::vector<float> bias) { bias_ = std::move(bias); }

    // Rows [begin, end) as they stand for, [end - begin, in_features]: in f32 exactly what the
    // codes and scales say (GGUF's types: the bits of its reference), in bf16 that to nearest. Runs
    // on the caller's thread; ranges may be asked from many.
    void unpack(int64_t begin, int64_t end, float* out) const;
    void unpack(int64_t begin, int64_t end, uint16_t* out) const;

    size_t bytes() const;
    const Panels& panels() const { return panels_; }
    // For those who fill panels.
    uint8_t* panel(int64_t index) { return data_.get() + index * panels_.panel_bytes; }
    float& unit(int64_t index) { return units_[size_t(index)]; }

  private:
    Panels panels_;
    Memory data_;
    std::vector<float> units_, bias_;
};

// Called by the packing thread now and then; may throw to end it (interrupt::check).
using Between = std::function<void()>;

// From dense [rows, width]. int8: scale = most / 127, to nearest. int4: -8 to 7 with the scale of
// least squared error among some. nf4: scale = most. A group that holds what is not finite becomes
// not a number. Shared among the pool's threads.
std::unique_ptr<PackedWeights> pack(Packing packing, const float* dense, int64_t rows,
                                    int64_t width, int64_t group, const Between& between = {});
std::unique_ptr<PackedWeights> pack(Packing packing, const uint16_t* bf16, int64_t rows,
                                    int64_t width, int64_t group, const Between& between = {});

// From GGUF's blocks, row after row, exactly. Error: a width that is no whole number of blocks.
enum class Blocks { q8_0, q4_0, q4_k, q6_k, mxfp4 };
std::unique_ptr<PackedWeights> pack_blocks(Blocks type, const void* blocks, int64_t rows,
                                           int64_t width, const Between& between = {});

}  // namespace moonlet::cpu
