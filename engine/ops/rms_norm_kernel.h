// SPDX-License-Identifier: Apache-2.0
// The CPU kernels of rms_norm on raw rows, forth and back, see lanes.h. No tensors, no threads:
// rms_norm.cpp shares the rows out.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// Where the result is rounded and by what it is multiplied: NormWeight (rms_norm.h) as a number,
// rounded, wide, one_plus.
enum class NormRows { rounded, wide, one_plus };

// `rows` contiguous rows of n; y may be x. bf16 is passed as its 16 bits.
void rms_norm_rows(const float* x, const float* weight, float* y, int64_t rows, int64_t n,
                   float eps, NormRows kind = NormRows::rounded);
void rms_norm_rows(const uint16_t* x, const uint16_t* weight, uint16_t* y, int64_t rows, int64_t n,
                   float eps, NormRows kind = NormRows::rounded);

// From the gradient dy of y: dx (may be dy), and dweight[n] in f32, to which the rows' share is
// added; nullptr: not asked for. In f32, rounded once.
void rms_norm_backward_rows(const float* x, const float* weight, const float* dy, float* dx,
                            float* dweight, int64_t rows, int64_t n, float eps,
                            NormRows kind = NormRows::rounded);
void rms_norm_backward_rows(const uint16_t* x, const uint16_t* weight, const uint16_t* dy,
                            uint16_t* dx, float* dweight, int64_t rows, int64_t n, float eps,
                            NormRows kind = NormRows::rounded);

}  // namespace moonlet::ops
