// SPDX-License-Identifier: Apache-2.0
// What a kernel for rows of activations is asked: y = x W^T for some of W's rows. The caller splits
// W's rows among threads; whoever computes them, and with how many rows of x beside them, each
// number comes out the same. Knows no tensors.
#pragma once

#include <cstdint>

namespace moonlet::cpu {

// What belongs to 32 int8 codes of an activation row: value = code * scale. A group that holds what
// is not finite has a scale that is not a number, so that every product with it is none either.
struct Q8Group {
    float scale;
    float sum;      // scale times the sum of the 32 codes, rounded once
    int32_t first;  // -128 times the sum of the first 16 codes
    int32_t start;  // -128 times that of all: what a product with codes of 128 + w begins at
};

constexpr int64_t kQ8Group = 32;
inline int64_t q8_groups_of(int64_t width) { return (width + kQ8Group - 1) / kQ8Group; }

// Activations [count, width] in the one form their weights read (see RowWeights::form). prepare.h
// makes them.
struct Rows {
    int64_t count = 0, width = 0;
    const float* f32 = nullptr;          // [count, width]
    const uint16_t* bf16 = nullptr;      // [count, width]
    const int8_t* q8 = nullptr;          // [count, groups * 32], the last group filled with zeros
    const Q8Group* q8_groups = nullptr;  // [count, groups]
};

class RowWeights {
  public:
    enum class Form { f32, bf16, q8 };

    virtual ~RowWeights() = default;
    virtual int64_t in_features() const = 0;
    virtual int64_t out_features() const = 0;
    // What it reads activations of f32 or of bf16 as.
    virtual Form form(bool x_is_bf16) const = 0;
    // y[row * stride + n - begin] for n in [begin, end), begin a multiple of 16 and end too unless
    // it is out_features(). In f32, before the bias.
    virtual void multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                          int64_t stride) const = 0;
    virtual const float* bias() const { return nullptr; }  // f32 [out_features] or none
};

}  // namespace moonlet::cpu
