// SPDX-License-Identifier: Apache-2.0
// Blocks are chosen so that their sums stay in registers, AVX2's 16 too.
#include "ops/low_rank_kernel.h"

#include <algorithm>

#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

constexpr int64_t kDownRows = 6;     // of x at a time
constexpr int64_t kDownWidth = 512;  // of its columns, widened to f32 first
constexpr int64_t kUpRows = 4;
constexpr int64_t kSumRows = 64;  // of x, so that they stay in the cache
constexpr int64_t kSumRank = 4;

MOONLET_INLINE void widen(const float* from, float* to, int64_t n) {
    std::memcpy(to, from, size_t(n) * sizeof(float));
}
MOONLET_INLINE void widen(const uint16_t* from, float* to, int64_t n) {
    each(n, [&](Place p) MOONLET_INLINED { p.store(to, p.load(from)); });
}

template <class T>
struct Down {
    static MOONLET_INLINE void run(const T* x, const float* down, float* u, int64_t rows,
                                   int64_t width, int64_t padded) {
        float wide[kDownRows * kDownWidth];
        for (int64_t r = 0; r < rows; r += kDownRows) {
            const int64_t here = std::min(kDownRows, rows - r);
            for (int64_t k = 0; k < width; k += kDownWidth) {
                const int64_t n = std::min(kDownWidth, width - k);
                for (int64_t i = 0; i < kDownRows; ++i)  // rows that are not there: any row
                    widen(x + (r + std::min(i, here - 1)) * width + k, wide + i * kDownWidth, n);
                for (int64_t g = 0; g < padded; g += kLanes) {
                    Floats sums[kDownRows] = {};
                    const float* column = down + k * padded + g;
                    for (int64_t j = 0; j < n; ++j, column += padded) {
                        const Floats d = load(column);
#pragma GCC unroll 8
                        for (int64_t i = 0; i < kDownRows; ++i)
                            sums[i] += d * wide[i * kDownWidth + j];
                    }
                    for (int64_t i = 0; i < here; ++i) {
                        float* to = u + (r + i) * padded + g;
                        store(to, k == 0 ? sums[i] : load(to) + sums[i]);
                    }
                }
            }
        }
    }
};

template <class T>
struct Up {
    static MOONLET_INLINE void run(const float* u, const float* up, T* y, float scale, int64_t rows,
                                   int64_t width, int64_t rank, int64_t padded) {
        for (int64_t r = 0; r < rows; r += kUpRows) {
            const int64_t here = std::min(kUpRows, rows - r);
            const float* factors[kUpRows];  // rows that are not there: any row, not stored
            for (int64_t i = 0; i < kUpRows; ++i)
                factors[i] = u + (r + std::min(i, here - 1)) * padded;
            int64_t c = 0;
            for (; c + 2 * kLanes <= width; c += 2 * kLanes) {
                Floats left[kUpRows] = {}, right[kUpRows] = {};
                const float* from = up + c;
                for (int64_t k = 0; k < rank; ++k, from += width) {
                    const Floats a = load(from), b = load(from + kLanes);
#pragma GCC unroll 8
                    for (int64_t i = 0; i < kUpRows; ++i) {
                        left[i] += a * factors[i][k];
                        right[i] += b * factors[i][k];
                    }
                }
                for (int64_t i = 0; i < here; ++i) {
                    T* to = y + (r + i) * width + c;
                    store(to, load(to) + left[i] * scale);
                    store(to + kLanes, load(to + kLanes) + right[i] * scale);
                }
            }
            each(width - c, [&](Place p) MOONLET_INLINED {
                for (int64_t i = 0; i < here; ++i) {
                    Floats sum = {};
                    for (int64_t k = 0; k < rank; ++k)
                        sum += p.load(up + k * width + c) * factors[i][k];
                    T* to = y + (r + i) * width + c;
                    p.store(to, p.load(to) + sum * scale);
                }
            });
        }
    }
};

template <class T>
struct Sums {
    static MOONLET_INLINE void run(const float* u, const T* x, float* sums, int64_t rows,
                                   int64_t width, int64_t rank, int64_t padded, int64_t begin,
                                   int64_t end) {
        for (int64_t k = 0; k < rank; ++k)
            std::fill(sums + k * width + begin, sums + k * width + end, 0.0f);
        for (int64_t r = 0; r < rows; r += kSumRows) {
            const int64_t here = std::min(kSumRows, rows - r);
            for (int64_t k = 0; k < rank; k += kSumRank) {
                const int64_t count = std::min(kSumRank, rank - k);
                const float* factors = u + r * padded + k;  // padded: reads of 4 stay inside
                int64_t c = begin;
                for (; c + 2 * kLanes <= end; c += 2 * kLanes) {
                    Floats left[kSumRank] = {}, right[kSumRank] = {};
                    const T* from = x + r * width + c;
                    const float* f = factors;
                    for (int64_t i = 0; i < here; ++i, from += width, f += padded) {
                        const Floats a = load(from), b = load(from + kLanes);
#pragma GCC unroll 8
                        for (int64_t j = 0; j < kSumRank; ++j) {
                            left[j] += a * f[j];
                            right[j] += b * f[j];
                        }
                    }
                    for (int64_t j = 0; j < count; ++j) {
                        float* to = sums + (k + j) * width + c;
                        store(to, load(to) + left[j]);
                        store(to + kLanes, load(to + kLanes) + right[j]);
                    }
                }
                each(end - c, [&](Place p) MOONLET_INLINED {
                    for (int64_t j = 0; j < count; ++j) {
                        Floats sum = {};
                        for (int64_t i = 0; i < here; ++i)
                            sum += p.load(x + (r + i) * width + c) * factors[i * padded + j];
                        float* to = sums + (k + j) * width + c;
                        p.store(to, p.load(to) + sum);
                    }
                });
            }
        }
    }
};

}  // namespace

template <class T>
void low_rank_down(const T* x, const float* down, float* u, int64_t rows, int64_t width,
                   int64_t padded) {
    widest<Down<T>>(x, down, u, rows, width, padded);
}

template <class T>
void low_rank_up(const float* u, const float* up, T* y, float scale, int64_t rows, int64_t width,
                 int64_t rank, int64_t padded) {
    widest<Up<T>>(u, up, y, scale, rows, width, rank, padded);
}

template <class T>
void low_rank_sums(const float* u, const T* x, float* sums, int64_t rows, int64_t width,
                   int64_t rank, int64_t padded, int64_t begin, int64_t end) {
    widest<Sums<T>>(u, x, sums, rows, width, rank, padded, begin, end);
}

#define INSTANCES(T)                                                                               \
    template void low_rank_down<T>(const T*, const float*, float*, int64_t, int64_t, int64_t);     \
    template void low_rank_up<T>(const float*, const float*, T*, float, int64_t, int64_t, int64_t, \
                                 int64_t);                                                         \
    template void low_rank_sums<T>(const float*, const T*, float*, int64_t, int64_t, int64_t,      \
                                   int64_t, int64_t, int64_t);
INSTANCES(float)
INSTANCES(uint16_t)
#undef INSTANCES

}  // namespace moonlet::ops
