// SPDX-License-Identifier: Apache-2.0
// Packed weights times rows of activations, for one instruction set. Rows are taken some at a time
// (a tile) past one panel, which stays in the cache meanwhile; every result is its own sum in its
// own order, so tiles change nothing but the time.
//
// int8 activations: per group of 32 an exact integer sum S, then y = fma(S, s_w * s_x, y), and
// with a minimum y = fma(-minimum, s_x * sum_x, y); a packing with scales for 16 columns does so
// twice a group. f32 activations: the panel's values are written out for some columns, then
// multiplied; column k adds to sum k % 4, and the four are added at the end.
#pragma once

#include "ops/cpu/packed_codes.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

// Panels lie one behind another. One row or two leave the processor to fetch that stream ahead by
// itself, which it does better than when told to (31 beside 27 GB/s); the rows of a larger tile are
// so many streams beside it that it loses sight, and codes are asked for so many bytes before they
// are read (eight rows: 15 beside 11 GB/s).
constexpr int64_t kAhead = 4096;

template <class K, int kTile>
INLINE void q8_tile(const Panels& panels, const uint8_t* at, float unit, const int8_t* x,
                    const Q8Group* x_groups, float* y, int64_t stride, int64_t columns) {
    const int64_t x_stride = panels.groups * kQ8Group;
    Floats sums[kTile];
    for (int m = 0; m < kTile; ++m) sums[m] = zeros();
    for (int64_t group = 0; group < panels.groups;) {
        const uint8_t* header = at;
        at += panels.header_bytes;
        const int64_t left_groups = panels.groups - group;
        const int64_t n = left_groups < panels.block_groups ? left_groups : panels.block_groups;
        for (int64_t i = 0; i < n; ++i, ++group, at += K::kCodeBytes, x += kQ8Group) {
            if constexpr (kTile > 2)
                for (int line = 0; line < K::kCodeBytes; line += 64) fetch(at + kAhead + line);
            const Q8Group* meta = x_groups + group;
            for (int half = 0; half < (K::kHalves ? 2 : 1); ++half) {
                Ints dots[kTile];
                for (int m = 0; m < kTile; ++m) {
                    const Q8Group& g = meta[m * panels.groups];
                    if (!kStartsAtOffset || K::kMinimum) dots[m] = no_ints();
                    else if (!K::kHalves) dots[m] = all_words(g.start);
                    else dots[m] = all_words(half ? g.start - g.first : g.first);
                }
                const int first = K::kHalves ? 4 * half : 0, last = K::kHalves ? first + 4 : 8;
#pragma GCC unroll 8
                for (int q = first; q < last; ++q) {
                    if constexpr (K::kMinimum) {
                        const Ints codes = K::quad(at, q);
                        for (int m = 0; m < kTile; ++m)
                            dots[m] = dot_small(dots[m], codes,
                                                all_words(load_word(x + m * x_stride + 4 * q)));
                    } else {
                        const Codes codes = offset_codes(K::quad(at, q));
                        for (int m = 0; m < kTile; ++m)
                            dots[m] = dot_offset(dots[m], codes,
                                                 all_words(load_word(x + m * x_stride + 4 * q)));
                    }
                }
                const Floats scale = K::scale(header, i, panels.scale_shift, half);
                for (int m = 0; m < kTile; ++m)
                    sums[m] = fma(to_floats(dots[m]),
                                  mul(scale, all(meta[m * panels.groups].scale)), sums[m]);
            }
            if constexpr (K::kMinimum) {
                const Floats minimum = sub(zeros(), K::minimum(header, i));
                for (int m = 0; m < kTile; ++m)
                    sums[m] = fma(minimum, all(meta[m * panels.groups].sum), sums[m]);
            }
        }
    }
    for (int m = 0; m < kTile; ++m) store_first(y + m * stride, mul(sums[m], all(unit)), columns);
}

// Rows of activations that stay in the caches while panels pass.
INLINE int64_t rows_at_a_time(int64_t bytes_of_row) {
    const int64_t rows = (int64_t(512) << 10) / (bytes_of_row + 1);
    return rows < 16 ? 16 : rows > 512 ? 512 : rows / 16 * 16;
}

template <class K>
void q8_rows(const Panels& panels, const Rows& x, int64_t begin, int64_t end, float* y,
             int64_t stride) {
    const int64_t block = rows_at_a_time(panels.groups * 48);
    for (int64_t m0 = 0; m0 < x.count; m0 += block) {
        const int64_t m1 = m0 + block < x.count ? m0 + block : x.count;
        for (int64_t n = begin; n < end; n += kPanelRows) {
            const int64_t panel = n / kPanelRows, columns = end - n < 16 ? end - n : 16;
            const uint8_t* at = panels.data + panel * panels.panel_bytes;
            const float unit = panels.units[panel];
            int64_t m = m0;
            auto tile = [&](auto count) {
                constexpr int kTile = decltype(count)::value;
                for (; m + kTile <= m1; m += kTile)
                    q8_tile<K, kTile>(panels, at, unit, x.q8 + m * panels.groups * kQ8Group,
                                      x.q8_groups + m * panels.groups, y + m * stride + n - begin,
                                      stride, columns);
            };
            if (kLargeTile > 4) tile(Count<kLargeTile>{});
            tile(Count<4>{});
            tile(Count<2>{});
            tile(Count<1>{});
        }
    }
}

// 32 columns of a panel as they stand for: take(column, 16 rows' values), in order.
template <Packing packing, class Take>
INLINE void each_column(const Panels& panels, const uint8_t* header, int64_t i,
                        const uint8_t* codes, float unit, Take take) {
    using K = Kind<packing>;
    Floats scales[2];
    for (int half = 0; half < (K::kHalves ? 2 : 1); ++half)
        scales[half] = mul(K::scale(header, i, panels.scale_shift, half), all(unit));
    Floats minimum = zeros();
    if constexpr (K::kMinimum) minimum = mul(K::minimum(header, i), all(unit));
#pragma GCC unroll 8
    for (int q = 0; q < 8; ++q) {
        const Ints quad = K::quad(codes, q);
        const Floats scale = scales[K::kHalves ? q / 4 : 0];
        auto value = [&](Ints code) __attribute__((always_inline)) {
            if constexpr (packing == Packing::nf4) {
                return mul(listed(kNf4, code), scale);
            } else {
                code = both(code, all_words(255));
                if constexpr (K::kMinimum) return sub(mul(to_floats(code), scale), minimum);
                else return mul(to_floats(sub(code, all_words(128))), scale);
            }
        };
        take(4 * q, value(quad));
        take(4 * q + 1, value(right<8>(quad)));
        take(4 * q + 2, value(right<16>(quad)));
        take(4 * q + 3, value(right<24>(quad)));
    }
}

// Groups [first, first + count) of a panel, out [count * 32][16].
template <Packing packing>
void panel_values(const Panels& panels, const uint8_t* panel, float unit, int64_t first,
                  int64_t count, float* out) {
    const int64_t block_bytes = panels.header_bytes + panels.block_groups * panels.code_bytes;
    for (int64_t g = first; g < first + count; ++g, out += 512) {
        const int64_t block = g / panels.block_groups, i = g % panels.block_groups;
        const uint8_t* header = panel + block * block_bytes;
        each_column<packing>(panels, header, i,
                             header + panels.header_bytes + i * panels.code_bytes, unit,
                             [out](int column, Floats v) { store(out + 16 * column, v); });
    }
}

template <int kTile>
INLINE void f32_tile(const float* values, int64_t columns, const float* x, int64_t x_stride,
                     float* kept) {
    Floats sums[kTile][4];
    for (int m = 0; m < kTile; ++m)
        for (int j = 0; j < 4; ++j) sums[m][j] = load(kept + m * 64 + j * 16);
    int64_t k = 0;
    for (; k + 4 <= columns; k += 4, values += 64)
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) {
            const Floats w = load(values + 16 * j);
            for (int m = 0; m < kTile; ++m)
                sums[m][j] = fma(w, all(x[m * x_stride + k + j]), sums[m][j]);
        }
    for (int j = 0; j < columns - k; ++j)
        for (int m = 0; m < kTile; ++m) {
            float* sum = kept + m * 64 + j * 16;
            store(sum, sums[m][j]);
        }
    for (int j = 0; j < 4; ++j) {
        const bool more = j < columns - k;
        for (int m = 0; m < kTile; ++m) {
            float* sum = kept + m * 64 + j * 16;
            Floats v = sums[m][j];
            if (more) v = fma(load(values + 16 * j), all(x[m * x_stride + k + j]), v);
            store(sum, v);
        }
    }
}

// The four sums of a row of x become one.
INLINE void put_sums(const float* kept, float* y, int64_t columns) {
    store_first(y, add(add(load(kept), load(kept + 16)), add(load(kept + 32), load(kept + 48))),
                columns);
}

constexpr int64_t kFewValues = kLargeTile > 4 ? 4 : 1;

// The same without writing values out, for a few rows of x: each is used as soon as it is made.
template <Packing packing, int kTile>
void f32_few(const Panels& panels, const uint8_t* panel, float unit, const float* x,
             int64_t x_stride, float* y, int64_t stride, int64_t columns) {
    const int64_t block_bytes = panels.header_bytes + panels.block_groups * panels.code_bytes;
    const int64_t whole = panels.width / 32;
    Floats sums[kTile][4];
    for (int m = 0; m < kTile; ++m)
        for (int j = 0; j < 4; ++j) sums[m][j] = zeros();
    const uint8_t* header = panel;
    for (int64_t g = 0, i = 0; g < whole; ++g, x += 32) {
        each_column<packing>(
            panels, header, i, header + panels.header_bytes + i * panels.code_bytes,
            unit, [&](int column, Floats v) __attribute__((always_inline)) {
                for (int m = 0; m < kTile; ++m)
                    sums[m][column % 4] =
                        fma(v, all(x[m * x_stride + column]), sums[m][column % 4]);
            });
        if (++i == panels.block_groups) {
            i = 0;
            header += block_bytes;
        }
    }
    alignas(64) float kept[kTile * 64], values[512];
    for (int m = 0; m < kTile; ++m)
        for (int j = 0; j < 4; ++j) store(kept + m * 64 + j * 16, sums[m][j]);
    if (whole < panels.groups) {
        panel_values<packing>(panels, panel, unit, whole, 1, values);
        f32_tile<kTile>(values, panels.width - whole * 32, x, x_stride, kept);
    }
    for (int m = 0; m < kTile; ++m) put_sums(kept + m * 64, y + m * stride, columns);
}

template <Packing packing>
void f32_rows(const Panels& panels, const Rows& x, int64_t begin, int64_t end, float* y,
              int64_t stride) {
    constexpr int64_t kGroups = 8, kRows = 64;  // 16 KB of values, 16 KB of sums
    alignas(64) float values[kGroups * 512];
    alignas(64) float kept[kRows * 64];
    for (int64_t n = begin; n < end; n += kPanelRows) {
        const int64_t panel = n / kPanelRows, columns = end - n < 16 ? end - n : 16;
        const uint8_t* at = panels.data + panel * panels.panel_bytes;
        const float unit = panels.units[panel];
        if (x.count <= kFewValues) {
            const auto few = x.count == 1   ? f32_few<packing, 1>
                             : x.count == 2 ? f32_few<packing, 2>
                             : x.count == 3 ? f32_few<packing, 3>
                                            : f32_few<packing, 4>;
            few(panels, at, unit, x.f32, x.width, y + n - begin, stride, columns);
            continue;
        }
        for (int64_t m0 = 0; m0 < x.count; m0 += kRows) {
            const int64_t rows = x.count - m0 < kRows ? x.count - m0 : kRows;
            __builtin_memset(kept, 0, size_t(rows) * 256);
            for (int64_t g = 0; g < panels.groups; g += kGroups) {
                const int64_t groups = panels.groups - g < kGroups ? panels.groups - g : kGroups;
                panel_values<packing>(panels, at, unit, g, groups, values);
                const int64_t wide = x.width - g * 32;
                const int64_t width = wide < groups * 32 ? wide : groups * 32;
                int64_t m = 0;
                auto tile = [&](auto count) {
                    constexpr int kTile = decltype(count)::value;
                    for (; m + kTile <= rows; m += kTile)
                        f32_tile<kTile>(values, width, x.f32 + (m0 + m) * x.width + g * 32, x.width,
                                        kept + m * 64);
                };
                if (kLargeTile > 4) tile(Count<6>{});
                tile(Count<2>{});
                tile(Count<1>{});
            }
            for (int64_t m = 0; m < rows; ++m)
                put_sums(kept + m * 64, y + (m0 + m) * stride + n - begin, columns);
        }
    }
}

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
