// SPDX-License-Identifier: Apache-2.0
// Compiled without contraction (CMakeLists.txt): products are rounded before they are added, as
// LibTorch's operators do, so that f32 has the plain twin's bits too.
#include "ops/rope_kernel.h"

#include <type_traits>

#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

template <class X, class A, bool back>
struct Turn {
    // The type that products are rounded to.
    using Between = std::conditional_t<!back && std::is_same_v<X, A>, X, float>;

    static MOONLET_INLINE void run(const X* x, int64_t x_stride, const A* cos, const A* sin, X* y,
                                   int64_t y_stride, int64_t rows, int64_t dim, int64_t n) {
        const int64_t half = dim / 2;
        for (int64_t r = 0; r < rows; ++r, x += x_stride, y += y_stride) {
            each(half, [&](Place p) MOONLET_INLINED {
                const Floats first = p.load(x), second = p.load(x + half);
                const Floats sin_first = p.load(back ? sin + half : sin),
                             sin_second = p.load(back ? sin : sin + half);
                const Floats a = rounded<Between>(first * p.load(cos)),
                             b = rounded<Between>(second * sin_first),
                             c = rounded<Between>(second * p.load(cos + half)),
                             d = rounded<Between>(first * sin_second);
                p.store(y, back ? a + b : a - b);
                p.store(y + half, back ? c - d : c + d);
            });
            if (n > dim) std::memcpy(y + dim, x + dim, size_t(n - dim) * sizeof(X));
        }
    }
};

}  // namespace

template <class X, class A>
void turn_rows(const X* x, int64_t x_stride, const A* cos, const A* sin, X* y, int64_t y_stride,
               int64_t rows, int64_t dim, int64_t n) {
    widest<Turn<X, A, false>>(x, x_stride, cos, sin, y, y_stride, rows, dim, n);
}

template <class X, class A>
void turn_rows_back(const X* dy, int64_t dy_stride, const A* cos, const A* sin, X* dx,
                    int64_t dx_stride, int64_t rows, int64_t dim, int64_t n) {
    widest<Turn<X, A, true>>(dy, dy_stride, cos, sin, dx, dx_stride, rows, dim, n);
}

#define INSTANCES(X, A)                                                                        \
    template void turn_rows<X, A>(const X*, int64_t, const A*, const A*, X*, int64_t, int64_t, \
                                  int64_t, int64_t);                                           \
    template void turn_rows_back<X, A>(const X*, int64_t, const A*, const A*, X*, int64_t,     \
                                       int64_t, int64_t, int64_t);
INSTANCES(float, float)
INSTANCES(uint16_t, uint16_t)
INSTANCES(uint16_t, float)
#undef INSTANCES

}  // namespace moonlet::ops
