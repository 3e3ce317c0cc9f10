// SPDX-License-Identifier: Apache-2.0
// What the gguf_quant*.cpp files share: one function per type and direction over whole blocks, and
// unaligned little-endian reads. Only those files include it; gguf_quant.cpp holds the table. The
// arithmetic to floats is gguf-py's, operation for operation in float, so that results are equal
// bit for bit; no function may contract a product and a sum (-ffp-contract=off).
#pragma once

#include <cstdint>
#include <cstring>

#include "formats/half.h"

namespace moonlet::ggml {

// Turns `blocks` blocks at `in` into blocks * block_size floats, or the other way. Quantisers get
// finite values only and return the index of the first block whose scale no half can hold, or -1.
using Dequantizer = void (*)(const uint8_t* in, int64_t blocks, float* out);
using Quantizer = int64_t (*)(const float* in, int64_t blocks, uint8_t* out);

// A reader compiled twice, for any machine and for one with AVX2; both give the same bits, since
// neither reorders nor contracts. The body must be INLINE to be compiled anew.
#define INLINE [[gnu::always_inline]] inline
struct Dequantizers {
    Dequantizer plain, avx2;
};
template <Dequantizer body>
void with_nothing(const uint8_t* in, int64_t blocks, float* out) {
    body(in, blocks, out);
}
#ifdef __x86_64__
template <Dequantizer body>
[[gnu::target("avx2")]] void with_avx2(const uint8_t* in, int64_t blocks, float* out) {
    body(in, blocks, out);
}
inline bool has_avx2() { return __builtin_cpu_supports("avx2"); }
template <Dequantizer body>
constexpr Dequantizers both = {with_nothing<body>, with_avx2<body>};
#else
inline bool has_avx2() { return false; }
template <Dequantizer body>
constexpr Dequantizers both = {with_nothing<body>, with_nothing<body>};
#endif

template <class T>
inline T load(const uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <class T>
inline void store(uint8_t* at, T value) {
    std::memcpy(at, &value, sizeof value);
}
inline float load_half(const uint8_t* at) { return half_to_float(load<uint16_t>(at)); }

// gguf_quant_legacy.cpp: blocks of 32 with one scale, maybe a minimum
extern const Dequantizers q4_0_to_float, q4_1_to_float, q5_0_to_float, q5_1_to_float, q8_0_to_float;
int64_t float_to_q4_0(const float* in, int64_t blocks, uint8_t* out);
int64_t float_to_q4_1(const float* in, int64_t blocks, uint8_t* out);
int64_t float_to_q8_0(const float* in, int64_t blocks, uint8_t* out);

// gguf_quant_k.cpp: blocks of 256 in groups whose scales are quantised, too
extern const Dequantizers q2_k_to_float, q3_k_to_float, q4_k_to_float, q5_k_to_float, q6_k_to_float;
// Scale and minimum (6 bits each) of the 8 groups of a Q4_K or Q5_K block, from their 12 bytes.
void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* minima);

// gguf_quantize_k.cpp
int64_t float_to_q4_k(const float* in, int64_t blocks, uint8_t* out);
int64_t float_to_q6_k(const float* in, int64_t blocks, uint8_t* out);

// gguf_quant_short.cpp: values out of a short list (FP4, ternary, not linear, one bit)
extern const Dequantizers iq4_nl_to_float, iq4_xs_to_float, mxfp4_to_float, nvfp4_to_float,
    tq1_0_to_float, tq2_0_to_float, q1_0_to_float;

// gguf_quant_iq.cpp: groups of values out of a lattice
extern const Dequantizers iq2_xxs_to_float, iq2_xs_to_float, iq2_s_to_float, iq3_xxs_to_float,
    iq3_s_to_float, iq1_s_to_float, iq1_m_to_float;

}  // namespace moonlet::ggml
