// SPDX-License-Identifier: Apache-2.0
// The lattice kinds: 4 or 8 neighbouring values are one point of a lattice, named by its number;
// signs are bits beside it, either all 8 or 7 of them, the eighth being such that their number is
// even. Blocks of 256; scales of few bits for 16 or 32 values and one half d.
#include <array>
#include <bit>

#include "formats/gguf_blocks.h"
#include "formats/gguf_grids.h"

namespace moonlet::ggml {

namespace {

// The points of a lattice with their coordinates side by side.
template <int kWidth, size_t kPoints>
struct Lattice {
    std::array<std::array<float, kWidth>, kPoints> points;
    Lattice(const uint16_t (&packed)[kPoints], const int8_t* values) {
        constexpr int bits = 16 / kWidth;
        for (size_t p = 0; p < kPoints; ++p)
            for (int i = 0; i < kWidth; ++i)
                points[p][size_t(i)] = values[packed[p] >> bits * i & ((1 << bits) - 1)];
    }
    const float* operator[](size_t p) const { return points[p].data(); }
};

// Made on first use, once.
const auto& iq2_xxs_grid() {
    static const Lattice<8, 256> lattice(kIq2XxsGrid, kIq2XxsValues);
    return lattice;
}
const auto& iq2_xs_grid() {
    static const Lattice<8, 512> lattice(kIq2XsGrid, kIq2XsValues);
    return lattice;
}
const auto& iq2_s_grid() {
    static const Lattice<8, 1024> lattice(kIq2SGrid, kIq2SValues);
    return lattice;
}
const auto& iq3_xxs_grid() {
    static const Lattice<4, 256> lattice(kIq3XxsGrid, kIq3XxsValues);
    return lattice;
}
const auto& iq3_s_grid() {
    static const Lattice<4, 512> lattice(kIq3SGrid, kIq3SValues);
    return lattice;
}
const auto& iq1_s_grid() {
    static const Lattice<8, 2048> lattice(kIq1SGrid, kIq1SValues);
    return lattice;
}

// The eight signs of seven stored bits.
unsigned even_signs(unsigned seven) { return seven | unsigned(std::popcount(seven) & 1) << 7; }

// As factors, since the reference multiplies: flipping a bit would tell what is not a number apart.
constexpr float kSigns[] = {1, -1};

// n values: scale * point * sign, bit i of `signs` being that of value i.
void signed_point(const float* point, int n, float scale, unsigned signs, float* out) {
    for (int i = 0; i < n; ++i) out[i] = scale * point[i] * kSigns[signs >> i & 1];
}

// Eight values: scale * (point + shift).
void shifted_point(const float* point, float scale, float shift, float* out) {
    for (int i = 0; i < 8; ++i) out[i] = scale * (point[i] + shift);
}

constexpr float kShift = 0.125f;  // of IQ1

}  // namespace

INLINE static void read_iq2_xxs(const uint8_t* __restrict in, int64_t blocks,
                                float* __restrict out) {
    const auto& grid = iq2_xxs_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 66, out += 256) {
        const float d = load_half(in);
        for (int g = 0; g < 8; ++g) {
            const uint8_t* at = in + 2 + 8 * g;
            const uint32_t rest = load<uint32_t>(at + 4);
            const float scale = d * (0.5f + float(rest >> 28)) * 0.25f;
            for (int k = 0; k < 4; ++k)
                signed_point(grid[at[k]], 8, scale, even_signs(rest >> 7 * k & 127),
                             out + 32 * g + 8 * k);
        }
    }
}

INLINE static void read_iq2_xs(const uint8_t* __restrict in, int64_t blocks,
                               float* __restrict out) {
    const auto& grid = iq2_xs_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 74, out += 256) {
        const float d = load_half(in);
        for (int p = 0; p < 32; ++p) {
            const unsigned code = load<uint16_t>(in + 2 + 2 * p);
            const int small = in[66 + p / 4] >> p / 2 % 2 * 4 & 15;
            const float scale = d * (0.5f + float(small)) * 0.25f;
            signed_point(grid[code & 511], 8, scale, even_signs(code >> 9), out + 8 * p);
        }
    }
}

INLINE static void read_iq2_s(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    const auto& grid = iq2_s_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 82, out += 256) {
        const float d = load_half(in);
        const uint8_t *codes = in + 2, *signs = in + 34, *high = in + 66, *scales = in + 74;
        for (int p = 0; p < 32; ++p) {
            const unsigned code = codes[p] | (high[p / 4] >> p % 4 * 2 & 3u) << 8;
            const int small = scales[p / 4] >> p / 2 % 2 * 4 & 15;
            const float scale = d * (0.5f + float(small)) * 0.25f;
            signed_point(grid[code], 8, scale, signs[p], out + 8 * p);
        }
    }
}

INLINE static void read_iq3_xxs(const uint8_t* __restrict in, int64_t blocks,
                                float* __restrict out) {
    const auto& grid = iq3_xxs_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 98, out += 256) {
        const float d = load_half(in);
        const uint8_t* codes = in + 2;
        for (int g = 0; g < 8; ++g) {
            const uint32_t rest = load<uint32_t>(in + 66 + 4 * g);
            const float scale = d * (0.5f + float(rest >> 28)) * 0.5f;
            for (int k = 0; k < 8; ++k) {
                const unsigned signs = even_signs(rest >> 7 * (k / 2) & 127) >> k % 2 * 4;
                signed_point(grid[codes[8 * g + k]], 4, scale, signs, out + 32 * g + 4 * k);
            }
        }
    }
}

INLINE static void read_iq3_s(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    const auto& grid = iq3_s_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 110, out += 256) {
        const float d = load_half(in);
        const uint8_t *codes = in + 2, *high = in + 66, *signs = in + 74, *scales = in + 106;
        for (int p = 0; p < 64; ++p) {
            const unsigned code = codes[p] | (high[p / 8] >> p % 8 & 1u) << 8;
            const int small = scales[p / 16] >> p / 8 % 2 * 4 & 15;
            const float scale = d * float(1 + 2 * small);
            signed_point(grid[code], 4, scale, unsigned(signs[p / 2]) >> p % 2 * 4, out + 4 * p);
        }
    }
}

INLINE static void read_iq1_s(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    const auto& grid = iq1_s_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 50, out += 256) {
        const float d = load_half(in);
        for (int g = 0; g < 8; ++g) {
            const unsigned high = load<uint16_t>(in + 34 + 2 * g);
            const float scale = d * float(2 * (high >> 12 & 7) + 1);
            const float shift = high & 0x8000 ? -kShift : kShift;
            for (int k = 0; k < 4; ++k) {
                const unsigned code = in[2 + 4 * g + k] | (high >> 3 * k & 7) << 8;
                shifted_point(grid[code], scale, shift, out + 32 * g + 8 * k);
            }
        }
    }
}

INLINE static void read_iq1_m(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    const auto& grid = iq1_s_grid();
    for (int64_t b = 0; b < blocks; ++b, in += 56, out += 256) {
        unsigned scales[4], bits = 0;  // the highest 4 bits of each are a piece of d
        for (int i = 0; i < 4; ++i) {
            scales[i] = load<uint16_t>(in + 48 + 2 * i);
            bits |= (scales[i] >> 12) << 4 * i;
        }
        const float d = half_to_float(uint16_t(bits));
        for (int p = 0; p < 32; ++p) {
            const unsigned high = in[32 + p / 2] >> p % 2 * 4;
            const float scale = d * float(2 * (scales[p / 8] >> p / 2 % 4 * 3 & 7) + 1);
            shifted_point(grid[in[p] | (high & 7) << 8], scale, high & 8 ? -kShift : kShift,
                          out + 8 * p);
        }
    }
}

const Dequantizers iq2_xxs_to_float = both<read_iq2_xxs>;
const Dequantizers iq2_xs_to_float = both<read_iq2_xs>;
const Dequantizers iq2_s_to_float = both<read_iq2_s>;
const Dequantizers iq3_xxs_to_float = both<read_iq3_xxs>;
const Dequantizers iq3_s_to_float = both<read_iq3_s>;
const Dequantizers iq1_s_to_float = both<read_iq1_s>;
const Dequantizers iq1_m_to_float = both<read_iq1_m>;

}  // namespace moonlet::ggml
