// SPDX-License-Identifier: Apache-2.0
// CUDA products of few rows with quantised weights, on raw device pointers. Bound by reading the
// weights: those are read once, 16 bytes a load, and never stand in memory as floats.
//
// Weights are row-major [N, K] in groups of `group` along K:
//   8 bits: int8 codes, value = code * scale
//   4 bits: [N, K / 2] bytes, element 2j in the low half of byte j, 2j + 1 in the high one,
//           value = (code - 8) * scale
// scales f16 [N, K / group]. This is the plain order of such weights, not the CPU kernels' panels
// of 16 rows: a warp walks along one row.
#pragma once

#include "ops/cuda/element.h"

namespace moonlet::ops::cuda {

struct Gemv {
    const void* x;       // [M, K] of the element type
    const void* codes;   // int8 [N, K] or uint8 [N, K / 2]; 16-byte aligned
    const void* scales;  // f16 [N, K / group]
    const void* bias;    // [N] of the element type, or null
    void* y;             // [M, N] of the element type
    float* workspace;    // gemv_workspace() floats
    int64_t m, n, k, group;
    int bits;  // 8 or 4
};

// How many pieces K is split into so that a small N fills the device, and the floats that the
// partial sums need: none for one piece. Depends on the shape and the device alone, so that equal
// calls add in the same order.
int gemv_splits(int64_t n, int64_t k, int bits);
int64_t gemv_workspace(int64_t m, int64_t n, int64_t k, int bits);

// y = x W^T + bias, sums in f32. A row of y does not depend on how many rows there are.
// Asynchronous on `stream`; returns the launch's error. Invalid: K not a multiple of the group, a
// group that is not 32, 64 or 128, other bits.
cudaError_t gemv(const Gemv& call, Element element, cudaStream_t stream);

}  // namespace moonlet::ops::cuda
