// SPDX-License-Identifier: Apache-2.0
// Blocks of 32 values with one scale (d, a half) and in the _1 kinds a minimum (m). Of 4 and 5
// bits, byte i holds the low bits of value i and, above them, of value i + 16; the fifth bits lie
// together in 32 bits before.
#include <algorithm>
#include <cmath>

#include "formats/gguf_blocks.h"

namespace moonlet::ggml {

namespace {

// Half away from zero, as ggml rounds.
float rounded(float x) {
    const float a = std::fabs(x), whole = std::floor(a);
    const float r = whole + std::floor(2 * (a - whole));
    return x < 0 ? -r : r;
}

bool is_infinite(uint16_t half) { return (half & 0x7fff) == 0x7c00; }

// 1 / d, or 0 where d is so small (a half makes it 0) that there is none.
float inverse_of(float d) {
    const float inverse = 1 / d;
    return std::isfinite(inverse) ? inverse : 0;
}

// Codes of 4 bits as they lie in a block.
void store_nibbles(const uint8_t* codes, uint8_t* out) {
    for (int i = 0; i < 16; ++i) out[i] = uint8_t(codes[i] | codes[i + 16] << 4);
}

uint8_t code(float x) {  // truncated, 0 to 15
    return uint8_t(std::clamp(std::trunc(x), 0.0f, 15.0f));
}

}  // namespace

INLINE static void read_q4_0(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 18, out += 32) {
        const float d = load_half(in);
        for (int i = 0; i < 16; ++i) out[i] = d * float((in[2 + i] & 15) - 8);
        for (int i = 0; i < 16; ++i) out[i + 16] = d * float((in[2 + i] >> 4) - 8);
    }
}

INLINE static void read_q4_1(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 20, out += 32) {
        const float d = load_half(in), m = load_half(in + 2);
        for (int i = 0; i < 16; ++i) out[i] = d * float(in[4 + i] & 15) + m;
        for (int i = 0; i < 16; ++i) out[i + 16] = d * float(in[4 + i] >> 4) + m;
    }
}

INLINE static void read_q5_0(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 22, out += 32) {
        const float d = load_half(in);
        const uint32_t high = load<uint32_t>(in + 2);
        for (int i = 0; i < 16; ++i) {
            const int low = int((in[6 + i] & 15) | (high >> i & 1) << 4),
                      up = int(in[6 + i] >> 4 | (high >> (i + 16) & 1) << 4);
            out[i] = d * float(low - 16);
            out[i + 16] = d * float(up - 16);
        }
    }
}

INLINE static void read_q5_1(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 24, out += 32) {
        const float d = load_half(in), m = load_half(in + 2);
        const uint32_t high = load<uint32_t>(in + 4);
        for (int i = 0; i < 16; ++i) {
            const int low = int((in[8 + i] & 15) | (high >> i & 1) << 4),
                      up = int(in[8 + i] >> 4 | (high >> (i + 16) & 1) << 4);
            out[i] = d * float(low) + m;
            out[i + 16] = d * float(up) + m;
        }
    }
}

INLINE static void read_q8_0(const uint8_t* __restrict in, int64_t blocks, float* __restrict out) {
    for (int64_t b = 0; b < blocks; ++b, in += 34, out += 32) {
        const float d = load_half(in);
        for (int i = 0; i < 32; ++i) out[i] = float(int8_t(in[2 + i])) * d;
    }
}

int64_t float_to_q4_0(const float* in, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 32, out += 18) {
        float most = in[0];  // the first of the largest magnitude, with its sign
        for (int i = 1; i < 32; ++i)
            if (std::fabs(in[i]) > std::fabs(most)) most = in[i];
        const float d = most / -8, inverse = inverse_of(d);
        const uint16_t scale = float_to_half(d);
        if (is_infinite(scale)) return b;
        store(out, scale);
        uint8_t codes[32];
        for (int i = 0; i < 32; ++i) codes[i] = code(in[i] * inverse + 8.5f);
        store_nibbles(codes, out + 2);
    }
    return -1;
}

int64_t float_to_q4_1(const float* in, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 32, out += 20) {
        const float most = *std::max_element(in, in + 32), least = *std::min_element(in, in + 32);
        const float d = (most - least) / 15, inverse = inverse_of(d);
        const uint16_t scale = float_to_half(d), minimum = float_to_half(least);
        if (is_infinite(scale) || is_infinite(minimum)) return b;
        store(out, scale);
        store(out + 2, minimum);
        uint8_t codes[32];
        for (int i = 0; i < 32; ++i) codes[i] = code((in[i] - least) * inverse + 0.5f);
        store_nibbles(codes, out + 4);
    }
    return -1;
}

int64_t float_to_q8_0(const float* in, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 32, out += 34) {
        float most = 0;
        for (int i = 0; i < 32; ++i) most = std::max(most, std::fabs(in[i]));
        const float d = most / 127, inverse = inverse_of(d);
        const uint16_t scale = float_to_half(d);
        if (is_infinite(scale)) return b;
        store(out, scale);
        for (int i = 0; i < 32; ++i) out[2 + i] = uint8_t(int8_t(rounded(in[i] * inverse)));
    }
    return -1;
}

const Dequantizers q4_0_to_float = both<read_q4_0>;
const Dequantizers q4_1_to_float = both<read_q4_1>;
const Dequantizers q5_0_to_float = both<read_q5_0>;
const Dequantizers q5_1_to_float = both<read_q5_1>;
const Dequantizers q8_0_to_float = both<read_q8_0>;

}  // namespace moonlet::ggml
