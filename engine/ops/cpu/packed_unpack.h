// SPDX-License-Identifier: Apache-2.0
// Packed weights written out as rows again, for one instruction set: 32 columns of 16 rows at a
// time as group_values gives them, turned over.
#pragma once

#include "ops/cpu/packed_rows.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

// in[i * 16 .. + 8) for i in 0..7 becomes out[i], eight rows of eight: columns turned to rows.
INLINE void turn_eight(const float* in, __m256 (&out)[8]) {
    __m256 r[8], t[8];
    for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(in + 16 * i);
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; ++i) {
        out[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        out[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
}

INLINE void put(float* out, const float* row) { __builtin_memcpy(out, row, 128); }
INLINE void put(uint16_t* out, const float* row) {
    store_shorts(out, to_bf16(load(row)));
    store_shorts(out + 16, to_bf16(load(row + 16)));
}
INLINE void put_first(float* out, const float* row, int64_t n) {
    __builtin_memcpy(out, row, size_t(n) * 4);
}
INLINE void put_first(uint16_t* out, const float* row, int64_t n) {
    uint16_t whole[32];
    put(whole, row);
    __builtin_memcpy(out, whole, size_t(n) * 2);
}

template <Packing packing, class T>
void unpack_rows(const Panels& panels, int64_t begin, int64_t end, T* out) {
    alignas(64) float values[512], rows[16][32];
    for (int64_t n = begin; n < end; n += kPanelRows, out += kPanelRows * panels.width) {
        const int64_t panel = n / kPanelRows, count = end - n < 16 ? end - n : 16;
        const uint8_t* at = panels.data + panel * panels.panel_bytes;
        for (int64_t g = 0; g < panels.groups; ++g) {
            panel_values<packing>(panels, at, panels.units[panel], g, 1, values);
            for (int r = 0; r < 16; r += 8)
                for (int k = 0; k < 32; k += 8) {
                    __m256 turned[8];
                    turn_eight(values + 16 * k + r, turned);
                    for (int i = 0; i < 8; ++i) _mm256_store_ps(&rows[r + i][k], turned[i]);
                }
            const int64_t width = panels.width - g * 32;
            for (int64_t r = 0; r < count; ++r) {
                T* to = out + r * panels.width + g * 32;
                if (width >= 32) put(to, rows[r]);
                else put_first(to, rows[r], width);
            }
        }
    }
}

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
