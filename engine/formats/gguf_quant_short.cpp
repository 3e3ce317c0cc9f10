// SPDX-License-Identifier: Apache-2.0
// Types whose values come out of a short list: four-bit floats (MXFP4, NVFP4: e2m1, doubled here
// and halved in the scale), a list that is not linear (IQ4), three values (TQ) and two (Q1_0).
#include <cmath>

#include "formats/gguf_blocks.h"

namespace moonlet::ggml {

namespace {

constexpr int8_t kFp4[] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
constexpr int8_t kNotLinear[] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                 1,    13,   25,  38,  53,  69,  89,  113};

// 2 * n values: the low bits of n bytes, then the high ones.
void nibbles(const uint8_t* in, int n, const int8_t* list, float d, float* out) {
    for (int i = 0; i < n; ++i) {
        out[i] = d * float(list[in[i] & 15]);
        out[i + n] = d * float(list[in[i] >> 4]);
    }
}

// Half of 2^(e - 127).
float half_power(uint8_t e) {
    return std::bit_cast<float>(e < 2 ? 0x00200000u << e : uint32_t(e - 1) << 23);
}

// Half of an e4m3 number without sign; the pattern of "not a number" counts as 0.
float half_e4m3(uint8_t bits) {
    if (bits == 0 || bits == 0x7f) return 0;
    const int exponent = bits >> 3 & 15, mantissa = bits & 7;
    if (exponent == 0) return float(mantissa) * 0x1p-9f * 0.5f;
    return (1 + float(mantissa) / 8) * std::ldexp(1.0f, exponent - 7) * 0.5f;
}

// Ternary digits, five to a byte as a fraction of 256/243: value = digit - 1.
void trits(const uint8_t* in, int n, int digits, float d, float* out) {
    constexpr uint8_t powers[] = {1, 3, 9, 27, 81};
    for (int k = 0; k < digits; ++k)
        for (int i = 0; i < n; ++i) {
            const uint8_t shifted = uint8_t(in[i] * powers[k]);
            *out++ = d * float((shifted * 3 >> 8) - 1);
        }
}

}  // namespace

INLINE static void read_iq4_nl(const uint8_t* __restrict in, int64_t blocks,
                               float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 18, out += 32)
        nibbles(in + 2, 16, kNotLinear, load_half(in), out);
}

INLINE static void read_iq4_xs(const uint8_t* __restrict in, int64_t blocks,
                               float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 136, out += 256) {
        const float d = load_half(in);
        const uint16_t high = load<uint16_t>(in + 2);
        for (int g = 0; g < 8; ++g) {
            const int low = in[4 + g / 2] >> g % 2 * 4 & 15;
            const float scale = d * float((low | (high >> 2 * g & 3) << 4) - 32);
            nibbles(in + 8 + 16 * g, 16, kNotLinear, scale, out + 32 * g);
        }
    }
}

INLINE static void read_mxfp4(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 17, out += 32)
        nibbles(in + 1, 16, kFp4, half_power(in[0]), out);
}

INLINE static void read_nvfp4(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 36, out += 64)
        for (int g = 0; g < 4; ++g)
            nibbles(in + 4 + 8 * g, 8, kFp4, half_e4m3(in[g]), out + 16 * g);
}

INLINE static void read_tq1_0(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 54, out += 256) {
        const float d = load_half(in + 52);
        trits(in, 32, 5, d, out);
        trits(in + 32, 16, 5, d, out + 160);
        trits(in + 48, 4, 4, d, out + 240);
    }
}

INLINE static void read_tq2_0(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 66, out += 256) {
        const float d = load_half(in + 64);
        for (int i = 0; i < 256; ++i)
            out[i] = d * float((in[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3) - 1);
    }
}

INLINE static void read_q1_0(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 18, out += 128) {
        const float d = load_half(in);
        for (int i = 0; i < 128; ++i) out[i] = in[2 + i / 8] >> i % 8 & 1 ? d : -d;
    }
}

const Dequantizers iq4_nl_to_float = both<read_iq4_nl>;
const Dequantizers iq4_xs_to_float = both<read_iq4_xs>;
const Dequantizers mxfp4_to_float = both<read_mxfp4>;
const Dequantizers nvfp4_to_float = both<read_nvfp4>;
const Dequantizers tq1_0_to_float = both<read_tq1_0>;
const Dequantizers tq2_0_to_float = both<read_tq2_0>;
const Dequantizers q1_0_to_float = both<read_q1_0>;

}  // namespace moonlet::ggml
