// SPDX-License-Identifier: Apache-2.0
// Rows of activations turned into the form that weights read (rows.h), the same bits on every ISA:
// bf16 widened to f32, or rounded to int8 in groups of 32 with scale = most / 127, to nearest, ties
// to even. What is smaller than 1e-30 throughout a group counts as zero.
#pragma once

#include <cstdint>

#include "ops/cpu/memory.h"
#include "ops/cpu/rows.h"

namespace moonlet::cpu {

// A buffer for activations in one form. It grows and is kept: give each caller one for many calls.
// Different rows, and different groups of 32 of one row, may be set by different threads at a time.
class PreparedRows {
  public:
    PreparedRows() = default;
    PreparedRows(const PreparedRows&) = delete;
    PreparedRows& operator=(const PreparedRows&) = delete;

    // Room for `count` rows; what was there before is forgotten.
    void resize(RowWeights::Form form, int64_t count, int64_t width);
    // Columns [begin, end) of a row from x[0 .. end - begin); begin a multiple of 32, and end too
    // unless it is the width. f32 becomes bf16 by rounding to nearest.
    void set(int64_t row, int64_t begin, int64_t end, const float* x);
    void set(int64_t row, int64_t begin, int64_t end, const uint16_t* x);  // bf16
    const Rows& rows() const { return rows_; }

    // All of x [count, width], contiguous, shared among the pool's threads. Where x has the form
    // already the result points into x.
    const Rows& prepare(RowWeights::Form form, const float* x, int64_t count, int64_t width);
    const Rows& prepare(RowWeights::Form form, const uint16_t* x, int64_t count, int64_t width);

  private:
    RowWeights::Form form_ = RowWeights::Form::f32;
    Rows rows_;
    Memory values_, groups_;
    size_t value_bytes_ = 0, group_bytes_ = 0;
};

}  // namespace moonlet::cpu
