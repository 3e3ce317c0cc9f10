// SPDX-License-Identifier: Apache-2.0
// Weights as the file has them, row after row of f32, f16 or bf16, times rows of activations, for
// one instruction set. A result is 16 sums, lane i of every 16 columns (of every 32 with products
// of bf16 pairs) adding to sum i, and those added by halves; tiles of rows change nothing but the
// time.
#pragma once

#include "ops/cpu/kernels.h"
#include "ops/cpu/lanes.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

struct F32 {
    using Type = float;
    INLINE static Floats wide(const float* at) { return load(at); }
};
struct F16 {
    using Type = uint16_t;
    INLINE static Floats wide(const uint16_t* at) { return halves(at); }
};
struct Bf16 {
    using Type = uint16_t;
    INLINE static Floats wide(const uint16_t* at) { return bf16s(at); }
};

// What is multiplied at a step: `kStep` columns of both sides into 16 sums.
template <class W>
struct Widened {
    using Weight = typename W::Type;
    using Value = float;
    using Wide = Floats;
    static constexpr int64_t kStep = 16;
    INLINE static Wide weight(const Weight* at) { return W::wide(at); }
    INLINE static Wide value(const float* at) { return load(at); }
    INLINE static Floats step(Floats sum, Wide w, Wide x) { return fma(w, x, sum); }
    static const Value* values(const Rows& x) { return x.f32; }
};

#ifdef __AVX512BF16__
struct Pairs {
    using Weight = uint16_t;
    using Value = uint16_t;
    using Wide = __m512i;
    static constexpr int64_t kStep = 32;
    INLINE static Wide weight(const uint16_t* at) { return _mm512_loadu_si512(at); }
    INLINE static Wide value(const uint16_t* at) { return _mm512_loadu_si512(at); }
    INLINE static Floats step(Floats sum, Wide w, Wide x) {
        return _mm512_dpbf16_ps(sum, (__m512bh)w, (__m512bh)x);
    }
    static const Value* values(const Rows& x) { return x.bf16; }
};
#endif

// The last columns of a row, filled up with zeros.
template <class T, int64_t kStep>
INLINE void copy_tail(const T* from, int64_t count, T* to) {
    __builtin_memset(to, 0, size_t(kStep) * sizeof(T));
    __builtin_memcpy(to, from, size_t(count) * sizeof(T));
}

// Columns [k, k1) of kRows rows of x and kColumns rows of w, after the sums that are kept and
// before those that will be (kept: [kRows][kColumns] vectors), or from zero and to the end.
template <class S, int kRows, int kColumns>
void plain_tile(const typename S::Weight* w, const typename S::Value* x, int64_t width, int64_t k,
                int64_t k1, float* kept, float* y, int64_t stride) {
    Floats sums[kRows][kColumns];
    for (int m = 0; m < kRows; ++m)
        for (int n = 0; n < kColumns; ++n)
            sums[m][n] = k == 0 ? zeros() : load(kept + (m * kColumns + n) * 16);
    // Rows side by side are no stream that the processor sees: the next ones are asked for in
    // order.
    const typename S::Weight* next = w + kColumns * (width + k);
    for (; k + S::kStep <= k1; k += S::kStep, next += kColumns * S::kStep) {
        typename S::Wide wide[kColumns];
        for (int n = 0; n < kColumns; ++n) {
            if (kColumns > 1) fetch(next + n * S::kStep);
            wide[n] = S::weight(w + n * width + k);
        }
        for (int m = 0; m < kRows; ++m) {
            const typename S::Wide value = S::value(x + m * width + k);
            for (int n = 0; n < kColumns; ++n) sums[m][n] = S::step(sums[m][n], wide[n], value);
        }
    }
    if (k1 < width) {
        for (int m = 0; m < kRows; ++m)
            for (int n = 0; n < kColumns; ++n) store(kept + (m * kColumns + n) * 16, sums[m][n]);
        return;
    }
    if (k < width) {
        typename S::Weight tail_w[S::kStep];
        typename S::Value tail_x[S::kStep];
        for (int m = 0; m < kRows; ++m) {
            copy_tail<typename S::Value, S::kStep>(x + m * width + k, width - k, tail_x);
            for (int n = 0; n < kColumns; ++n) {
                copy_tail<typename S::Weight, S::kStep>(w + n * width + k, width - k, tail_w);
                sums[m][n] = S::step(sums[m][n], S::weight(tail_w), S::value(tail_x));
            }
        }
    }
    for (int m = 0; m < kRows; ++m)
        for (int n = 0; n < kColumns; ++n) y[m * stride + n] = total(sums[m][n]);
}

// A row or two or three of x: the weights are read as one stream, a row of them at a time.
constexpr int64_t kFewRows = 3;

template <class S>
void few_rows(const typename S::Weight* w, const Rows& x, int64_t begin, int64_t end, float* y,
              int64_t stride) {
    const auto* values = S::values(x);
    const auto row = x.count == 1   ? plain_tile<S, 1, 1>
                     : x.count == 2 ? plain_tile<S, 2, 1>
                                    : plain_tile<S, 3, 1>;
    for (int64_t n = begin; n < end; ++n)
        row(w + n * x.width, values, x.width, 0, x.width, nullptr, y + n - begin, stride);
}

// Many rows: at most kKept of x past kColumns of the weights, in blocks of columns such that both
// sides of a tile stay in the first cache, with the sums kept between blocks.
constexpr int64_t kKept = 64;

template <class S, int kColumns>
INLINE void plain_columns(const typename S::Weight* w, const typename S::Value* x, int64_t width,
                          int64_t m0, int64_t m1, float* y, int64_t stride) {
    alignas(64) float kept[kKept * kColumns * 16];
    constexpr int64_t kBlock = 2048 / int64_t(sizeof(typename S::Weight));
    for (int64_t k = 0, k1; k < width; k = k1) {
        // A rest too short for a step of its own goes with the block before it.
        k1 = width - k - kBlock < S::kStep ? width : k + kBlock;
        int64_t m = m0;
        auto tile = [&](auto count) {
            constexpr int kRows = decltype(count)::value;
            for (; m + kRows <= m1; m += kRows)
                plain_tile<S, kRows, kColumns>(w, x + m * width, width, k, k1,
                                               kept + (m - m0) * kColumns * 16, y + m * stride,
                                               stride);
        };
        if (kLargeTile > 4) tile(Count<4>{});
        tile(Count<2>{});
        tile(Count<1>{});
    }
}

template <class S>
void plain_rows(const void* weight, const Rows& x, int64_t begin, int64_t end, float* y,
                int64_t stride) {
    const auto* w = static_cast<const typename S::Weight*>(weight);
    if (x.count == 0) return;
    if (x.count <= kFewRows) return few_rows<S>(w, x, begin, end, y, stride);
    const auto* values = S::values(x);
    const int64_t width = x.width;
    constexpr int kColumns = kLargeTile > 4 ? 4 : 2;
    for (int64_t m0 = 0; m0 < x.count; m0 += kKept) {
        const int64_t m1 = m0 + kKept < x.count ? m0 + kKept : x.count;
        int64_t n = begin;
        for (; n + kColumns <= end; n += kColumns)
            plain_columns<S, kColumns>(w + n * width, values, width, m0, m1, y + n - begin, stride);
        for (; n < end; ++n)
            plain_columns<S, 1>(w + n * width, values, width, m0, m1, y + n - begin, stride);
    }
}

void plain_f32(PlainType type, const void* weight, const Rows& x, int64_t begin, int64_t end,
               float* y, int64_t stride) {
    if (type == PlainType::f32) plain_rows<Widened<F32>>(weight, x, begin, end, y, stride);
    else if (type == PlainType::f16) plain_rows<Widened<F16>>(weight, x, begin, end, y, stride);
    else plain_rows<Widened<Bf16>>(weight, x, begin, end, y, stride);
}

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
