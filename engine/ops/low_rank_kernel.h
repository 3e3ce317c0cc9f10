// SPDX-License-Identifier: Apache-2.0
// The CPU kernels of products through a small inner dimension ("rank"), as low-rank adapters need
// them beside a large product, see lanes.h. Sums in f32. No tensors, no threads. T is float or
// bf16 as its 16 bits; `padded` is the rank rounded up to a multiple of 16, with zeros.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// u[rows, padded] = x[rows, width] down[width, padded].
template <class T>
void low_rank_down(const T* x, const float* down, float* u, int64_t rows, int64_t width,
                   int64_t padded);

// y[rows, width] += scale * u[rows, padded] up[rank, width], rounded once.
template <class T>
void low_rank_up(const float* u, const float* up, T* y, float scale, int64_t rows, int64_t width,
                 int64_t rank, int64_t padded);

// sums[rank, width] = u[rows, padded]^T x[rows, width], for columns [begin, end) of width.
template <class T>
void low_rank_sums(const float* u, const T* x, float* sums, int64_t rows, int64_t width,
                   int64_t rank, int64_t padded, int64_t begin, int64_t end);

}  // namespace moonlet::ops
