// SPDX-License-Identifier: Apache-2.0
// Numbers of two bytes: IEEE half (f16) and bfloat16, to and from float by their bits, rounded to
// nearest, ties to even. What is not a number keeps its payload as numpy keeps it (bfloat16: as
// ggml does, made quiet), so that a tensor read and written again has the same bytes.
#pragma once

#include <bit>
#include <cstdint>

namespace moonlet {

inline float half_to_float(uint16_t half) {  // without branches, so that loops become vectors
    const uint32_t sign = uint32_t(half & 0x8000) << 16, magnitude = half & 0x7fff,
                   normal = (magnitude << 13) + (112u << 23),
                   special = magnitude << 13 | 0x7f800000u;  // infinite, or not a number
    const uint32_t small = std::bit_cast<uint32_t>(float(int32_t(magnitude)) * 0x1p-24f);
    const uint32_t is_small = 0u - uint32_t(magnitude < 0x400),
                   is_special = 0u - uint32_t(magnitude >= 0x7c00);
    const uint32_t bits =
        (normal & ~(is_small | is_special)) | (small & is_small) | (special & is_special);
    return std::bit_cast<float>(bits | sign);
}

inline uint16_t float_to_half(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffff;
    const uint16_t sign = uint16_t(bits >> 16 & 0x8000);
    if (magnitude > 0x7f800000u) {  // not a number; one whose payload would vanish gets a bit
        uint16_t half = uint16_t(0x7c00 | (magnitude >> 13 & 0x3ff));
        return uint16_t(sign | (half == 0x7c00 ? 0x7c01 : half));
    }
    if (magnitude >= 0x47800000u) return uint16_t(sign | 0x7c00);  // 65536 and more
    if (magnitude >= 0x38800000u) {  // normal; the carry may reach infinity, as it should
        uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
        return uint16_t(sign | ((rounded >> 13) - (112u << 10)));
    }
    if (magnitude < 0x33000000u) return sign;        // below half of the smallest denormal
    const uint32_t shift = 126 - (magnitude >> 23);  // 14..24
    const uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    const uint32_t kept = mantissa >> shift, rest = mantissa & ((1u << shift) - 1),
                   middle = 1u << (shift - 1);
    return uint16_t(sign | (kept + (rest > middle || (rest == middle && (kept & 1)))));
}

inline float bfloat16_to_float(uint16_t value) {
    return std::bit_cast<float>(uint32_t(value) << 16);
}

inline uint16_t float_to_bfloat16(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffff) > 0x7f800000u) return uint16_t(bits >> 16 | 64);
    return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace moonlet
