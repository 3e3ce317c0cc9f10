// SPDX-License-Identifier: Apache-2.0
// The CPU kernels of AdamW on raw values, see lanes.h: one pass over all that a parameter has, and
// the sum of squares that clipping needs before it. No tensors, no threads.
//
// An f32 master of a bf16 parameter is kept as that parameter, which is the master rounded, and
// what its 32 bits have beyond the parameter's (from -32768 to 32767): 16 bits instead of 32. Where
// the master lies exactly between two bf16 numbers and was rounded down, it is taken one unit of
// its last place lower, for there the difference would be 32768.
#pragma once

#include <cstdint>

namespace moonlet::ops {

struct AdamWStep {
    float scale;          // of the gradient, from clipping
    float first, second;  // 1 - beta1, 1 - beta2, rounded as such: 1 - 0.999f is 5e-5 off
    float beta2;
    float kept;        // 1 - lr * weight decay
    float step_size;   // lr / (1 - beta1^number)
    float root_scale;  // 1 / sqrt(1 - beta2^number)
    float eps;
};

// n values of a parameter, its moments and its gradient (f32, or bf16 as its 16 bits).
void adamw_rows(float* parameter, float* exp_avg, float* exp_avg_sq, const float* gradient,
                int64_t n, const AdamWStep& step);
void adamw_rows(uint16_t* parameter, int16_t* rest, float* exp_avg, float* exp_avg_sq,
                const uint16_t* gradient, int64_t n, const AdamWStep& step);
void adamw_rows(uint16_t* parameter, int16_t* rest, float* exp_avg, float* exp_avg_sq,
                const float* gradient, int64_t n, const AdamWStep& step);

// Between a master and its two parts.
void split_master(const float* master, uint16_t* parameter, int16_t* rest, int64_t n);
void join_master(const uint16_t* parameter, const int16_t* rest, float* master, int64_t n);

// The sum of squares of n values, in f32 by 16 lanes: for some thousands of them.
float squares(const float* values, int64_t n);
float squares(const uint16_t* values, int64_t n);

}  // namespace moonlet::ops
