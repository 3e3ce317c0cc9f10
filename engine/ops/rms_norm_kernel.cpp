// SPDX-License-Identifier: Apache-2.0
#include "ops/rms_norm_kernel.h"

#include <cmath>

#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

template <class T>
MOONLET_INLINE float inverse_rms(const T* x, int64_t n, float eps) {
    Floats squares = {};
    each(n, [&](Place p) MOONLET_INLINED {
        const Floats v = p.load(x);
        squares += v * v;
    });
    return 1.0f / std::sqrt(sum(squares) / float(n) + eps);
}

// Means of the way back, whose error every value of the row takes: Gemma 3 has six norms a layer.
MOONLET_INLINE double wide_sum(Floats v) {
    double total = 0;
    for (int64_t i = 0; i < kLanes; ++i) total += double(v[i]);
    return total;
}

template <class T, NormRows kind>
struct Forward {
    static MOONLET_INLINE void run(const T* x, const T* weight, T* y, int64_t rows, int64_t n,
                                   float eps) {
        for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
            const float scale = inverse_rms(x, n, eps);
            each(n, [&](Place p) MOONLET_INLINED {
                Floats v = p.load(x) * scale, w = p.load(weight);
                if (kind == NormRows::rounded) v = rounded<T>(v);
                if (kind == NormRows::one_plus) w = w + 1.0f;
                p.store(y, v * w);
            });
        }
    }
};

// With e = x / rms and g = dy * weight: dx = (g - e * mean(g * e)) / rms, dweight = dy * e.
template <class T, NormRows kind>
struct Backward {
    static MOONLET_INLINE void run(const T* x, const T* weight, const T* dy, T* dx, float* dweight,
                                   int64_t rows, int64_t n, float eps) {
        for (int64_t r = 0; r < rows; ++r, x += n, dy += n, dx += n) {
            Floats squares = {}, products = {};
            each(n, [&](Place p) MOONLET_INLINED {
                const Floats v = p.load(x);
                squares += v * v;
            });
            const float scale = float(1 / std::sqrt(wide_sum(squares) / double(n) + double(eps)));
            each(n, [&](Place p) MOONLET_INLINED {
                Floats even = p.load(x) * scale, w = p.load(weight);
                const Floats given = p.load(dy);
                if (kind == NormRows::one_plus) w = w + 1.0f;
                products += given * w * even;
                if (!dweight) return;
                if (kind == NormRows::rounded) even = rounded<T>(even);
                p.store(dweight, p.load(dweight) + given * even);
            });
            const float mean = float(wide_sum(products) / double(n));
            each(n, [&](Place p) MOONLET_INLINED {
                Floats w = p.load(weight);
                if (kind == NormRows::one_plus) w = w + 1.0f;
                p.store(dx, (p.load(dy) * w - p.load(x) * scale * mean) * scale);
            });
        }
    }
};

template <class T>
void forward(const T* x, const T* weight, T* y, int64_t rows, int64_t n, float eps, NormRows kind) {
    if (kind == NormRows::rounded)
        widest<Forward<T, NormRows::rounded>>(x, weight, y, rows, n, eps);
    else if (kind == NormRows::wide) widest<Forward<T, NormRows::wide>>(x, weight, y, rows, n, eps);
    else widest<Forward<T, NormRows::one_plus>>(x, weight, y, rows, n, eps);
}

template <class T>
void backward(const T* x, const T* weight, const T* dy, T* dx, float* dweight, int64_t rows,
              int64_t n, float eps, NormRows kind) {
    if (kind == NormRows::rounded)
        widest<Backward<T, NormRows::rounded>>(x, weight, dy, dx, dweight, rows, n, eps);
    else if (kind == NormRows::wide)
        widest<Backward<T, NormRows::wide>>(x, weight, dy, dx, dweight, rows, n, eps);
    else widest<Backward<T, NormRows::one_plus>>(x, weight, dy, dx, dweight, rows, n, eps);
}

}  // namespace

void rms_norm_rows(const float* x, const float* weight, float* y, int64_t rows, int64_t n,
                   float eps, NormRows kind) {
    forward(x, weight, y, rows, n, eps, kind);
}

void rms_norm_rows(const uint16_t* x, const uint16_t* weight, uint16_t* y, int64_t rows, int64_t n,
                   float eps, NormRows kind) {
    forward(x, weight, y, rows, n, eps, kind);
}

void rms_norm_backward_rows(const float* x, const float* weight, const float* dy, float* dx,
                            float* dweight, int64_t rows, int64_t n, float eps, NormRows kind) {
    backward(x, weight, dy, dx, dweight, rows, n, eps, kind);
}

void rms_norm_backward_rows(const uint16_t* x, const uint16_t* weight, const uint16_t* dy,
                            uint16_t* dx, float* dweight, int64_t rows, int64_t n, float eps,
                            NormRows kind) {
    backward(x, weight, dy, dx, dweight, rows, n, eps, kind);
}

}  // namespace moonlet::ops
