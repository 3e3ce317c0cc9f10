// SPDX-License-Identifier: Apache-2.0
// The CPU kernel of rotary positions on one head of one position, forth and back, see lanes.h. No
// tensors, no threads.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// X: of what is turned, A: of cos and sin [dim]; float or bf16 as its 16 bits. y[0, dim) is x
// turned, y[dim, n) is x; y may not be x. Products are rounded to X before they are added where A
// is X, else the sum alone, as the plain twin does.
template <class X, class A>
void turn_rows(const X* x, int64_t x_stride, const A* cos, const A* sin, X* y, int64_t y_stride,
               int64_t rows, int64_t dim, int64_t n);

// dx from the gradient dy: turned the other way; rounded once.
template <class X, class A>
void turn_rows_back(const X* dy, int64_t dy_stride, const A* cos, const A* sin, X* dx,
                    int64_t dx_stride, int64_t rows, int64_t dim, int64_t n);

}  // namespace moonlet::ops
