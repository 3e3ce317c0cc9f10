// SPDX-License-Identifier: Apache-2.0
// The K kinds: blocks of 256 values, groups of 16 or 32 with a scale (and in Q2, Q4 and Q5 a
// minimum) of few bits, and for all of them one half d (and one half for the minima). Value i of a
// half block of 128 has its bits in byte i % 32 (Q4, Q5: of every 64), shifted by its group.
#include "formats/gguf_blocks.h"

namespace moonlet::ggml {

INLINE static void read_q2_k(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 84, out += 256) {
        const uint8_t *scales = in, *codes = in + 16;
        const float d = load_half(in + 80), dm = load_half(in + 82);
        for (int g = 0; g < 16; ++g) {
            const float scale = d * float(scales[g] & 15), minimum = dm * float(scales[g] >> 4);
            const uint8_t* at = codes + g / 8 * 32 + g % 2 * 16;
            const int shift = g % 8 / 2 * 2;
            for (int i = 0; i < 16; ++i)
                out[16 * g + i] = scale * float(at[i] >> shift & 3) - minimum;
        }
    }
}

INLINE static void read_q3_k(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 110, out += 256) {
        const uint8_t *mask = in, *codes = in + 32, *scales = in + 96;
        const float d = load_half(in + 108);
        for (int g = 0; g < 16; ++g) {
            const int low = scales[g % 8] >> g / 8 * 4 & 15,
                      high = scales[8 + g % 4] >> g / 4 * 2 & 3;
            const float scale = d * float((low | high << 4) - 32);
            const uint8_t *at = codes + g / 8 * 32 + g % 2 * 16, *bit = mask + g % 2 * 16;
            const int shift = g % 8 / 2 * 2;
            for (int i = 0; i < 16; ++i) {  // a bit that is not set takes 4 away
                const int code = (at[i] >> shift & 3) - (bit[i] >> g / 2 & 1 ? 0 : 4);
                out[16 * g + i] = scale * float(code);
            }
        }
    }
}

void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* minima) {
    for (int i = 0; i < 4; ++i) {
        scales[i] = packed[i] & 63;
        minima[i] = packed[4 + i] & 63;
        scales[4 + i] = uint8_t((packed[8 + i] & 15) | (packed[i] >> 2 & 48));
        minima[4 + i] = uint8_t(packed[8 + i] >> 4 | (packed[4 + i] >> 2 & 48));
    }
}

INLINE static void read_q4_k(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 144, out += 256) {
        const float d = load_half(in), dm = load_half(in + 2);
        uint8_t scales[8], minima[8];
        unpack_scales(in + 4, scales, minima);
        for (int g = 0; g < 8; ++g) {
            const float scale = d * float(scales[g]), minimum = dm * float(minima[g]);
            const uint8_t* at = in + 16 + g / 2 * 32;
            const int shift = g % 2 * 4;
            for (int i = 0; i < 32; ++i)
                out[32 * g + i] = scale * float(at[i] >> shift & 15) - minimum;
        }
    }
}

INLINE static void read_q5_k(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 176, out += 256) {
        const float d = load_half(in), dm = load_half(in + 2);
        const uint8_t* fifth = in + 16;
        uint8_t scales[8], minima[8];
        unpack_scales(in + 4, scales, minima);
        for (int g = 0; g < 8; ++g) {
            const float scale = d * float(scales[g]), minimum = dm * float(minima[g]);
            const uint8_t* at = in + 48 + g / 2 * 32;
            const int shift = g % 2 * 4;
            for (int i = 0; i < 32; ++i) {
                const int code = (at[i] >> shift & 15) | (fifth[i] >> g & 1) << 4;
                out[32 * g + i] = scale * float(code) - minimum;
            }
        }
    }
}

INLINE static void read_q6_k(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 210, out += 256) {
        const uint8_t *low = in, *high = in + 128, *scales = in + 192;
        const float d = load_half(in + 208);
        for (int g = 0; g < 16; ++g) {
            const float scale = d * float(int8_t(scales[g]));
            const int half = g / 8, quarter = g % 8 / 2, in32 = g % 2 * 16;
            const uint8_t *at = low + 64 * half + quarter % 2 * 32 + in32,
                          *up = high + 32 * half + in32;
            const int shift = quarter / 2 * 4;
            for (int i = 0; i < 16; ++i) {
                const int code = (at[i] >> shift & 15) | (up[i] >> 2 * quarter & 3) << 4;
                out[16 * g + i] = scale * float(code - 32);
            }
        }
    }
}

const Dequantizers q2_k_to_float = both<read_q2_k>;
const Dequantizers q3_k_to_float = both<read_q3_k>;
const Dequantizers q4_k_to_float = both<read_q4_k>;
const Dequantizers q5_k_to_float = both<read_q5_k>;
const Dequantizers q6_k_to_float = both<read_q6_k>;

}  // namespace moonlet::ggml
