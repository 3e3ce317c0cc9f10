// SPDX-License-Identifier: Apache-2.0
// How each packing becomes codes and scales (kernels.h has the layout), for one instruction set:
// the one place where the kinds differ. Codes come out as bytes such that
//   value = scale * (code - 128) or, where a kind has a minimum, scale * code - minimum:
// shorter codes stand in the upper bits, with 1/16 or 1/4 in the scale, which is exact.
#pragma once

#include "ops/cpu/kernels.h"
#include "ops/cpu/lanes.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

// QLoRA's book (Dettmers et al. 2023, appendix E).
alignas(64) constexpr float kNf4[16] = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};
// The same in steps of 1/112, above 128, for products with int8: of all steps that fit into eight
// bits the one with the least error in the mean square (0.0017; at most 0.0039).
constexpr float kNf4Step = 1.0f / 112;
alignas(16) constexpr uint8_t kNf4Steps[16] = {16,  50,  69,  84,  96,  107, 118, 128,
                                               137, 146, 156, 166, 177, 191, 209, 240};
// The four-bit float e2m1, doubled, above 128.
alignas(16) constexpr uint8_t kFp4[16] = {128, 129, 130, 131, 132, 134, 136, 140,
                                          128, 127, 126, 125, 124, 122, 120, 116};

template <Packing>
struct Kind;

struct FourBits {
    static constexpr int kCodeBytes = 256;
    static constexpr bool kMinimum = false, kHalves = false;
};

template <>
struct Kind<Packing::int8> {
    static constexpr int kCodeBytes = 512;
    static constexpr bool kMinimum = false, kHalves = false;
    INLINE static Ints quad(const uint8_t* at, int q) { return load_ints(at + 64 * q); }
    INLINE static Floats scale(const uint8_t* header, int64_t group, int shift, int) {
        return halves(header + 32 * (group >> shift));
    }
};

template <>
struct Kind<Packing::int4> : FourBits {
    INLINE static Ints quad(const uint8_t* at, int q) {
        const Ints pair = load_ints(at + 64 * (q & 3));
        return both(q < 4 ? left<4>(pair) : pair, all_bytes(0xf0));
    }
    INLINE static Floats scale(const uint8_t* header, int64_t group, int shift, int) {
        return mul(halves(header + 32 * (group >> shift)), all(1.0f / 16));
    }
};

template <>
struct Kind<Packing::nf4> : FourBits {
    INLINE static Ints quad(const uint8_t* at, int q) {
        const Ints pair = load_ints(at + 64 * (q & 3));
        return both(q < 4 ? pair : right<4>(pair), all_bytes(0x0f));
    }
    INLINE static Floats scale(const uint8_t* header, int64_t group, int shift, int) {
        return halves(header + 32 * (group >> shift));
    }
};

struct Nf4Steps : FourBits {
    INLINE static Ints quad(const uint8_t* at, int q) {
        return listed(kNf4Steps, Kind<Packing::nf4>::quad(at, q));
    }
    INLINE static Floats scale(const uint8_t* header, int64_t group, int shift, int half) {
        return mul(Kind<Packing::nf4>::scale(header, group, shift, half), all(kNf4Step));
    }
};

template <>
struct Kind<Packing::mxfp4> : FourBits {
    INLINE static Ints quad(const uint8_t* at, int q) {
        return listed(kFp4, Kind<Packing::nf4>::quad(at, q));
    }
    // Half of 2^(e - 127): the codes are doubled. Below e = 2 the result has no exponent.
    INLINE static Floats scale(const uint8_t* header, int64_t group, int, int) {
        const Ints e = bytes(header + 16 * group), one = all_words(1);
        const Ints normal = left<23>(sub(largest(e, one), one));
        // Without an exponent bit of its own: 2^21 as bits for e = 0, 2^22 for e = 1.
        const Ints tiny = largest(sub(all_words(2), e), no_ints());
        const Ints bit = either(right<1>(tiny), both(left<1>(tiny), all_words(2)));
        return as_floats(either(normal, left<21>(bit)));
    }
};

template <>
struct Kind<Packing::q4_k> : FourBits {
    static constexpr bool kMinimum = true;
    INLINE static Ints quad(const uint8_t* at, int q) { return Kind<Packing::nf4>::quad(at, q); }
    INLINE static Floats scale(const uint8_t* header, int64_t group, int, int) {
        return mul(halves(header), to_floats(bytes(header + 64 + 16 * group)));
    }
    INLINE static Floats minimum(const uint8_t* header, int64_t group) {
        return mul(halves(header + 32), to_floats(bytes(header + 192 + 16 * group)));
    }
};

template <>
struct Kind<Packing::q6_k> {
    static constexpr int kCodeBytes = 384;
    static constexpr bool kMinimum = false, kHalves = true;
    INLINE static Ints quad(const uint8_t* at, int q) {
        const Ints pair = load_ints(at + 64 * (q & 3)), plane = load_ints(at + 256 + 64 * (q >> 2));
        const Ints low = both(q < 4 ? left<2>(pair) : right<2>(pair), all_bytes(0x3c));
        const int t = q & 3;
        const Ints high = t == 0   ? left<6>(plane)
                          : t == 1 ? left<4>(plane)
                          : t == 2 ? left<2>(plane)
                                   : plane;
        return either(low, both(high, all_bytes(0xc0)));
    }
    INLINE static Floats scale(const uint8_t* header, int64_t group, int, int half) {
        const Floats d = mul(halves(header), all(0.25f));
        return mul(d, to_floats(signed_bytes(header + 32 + 16 * (2 * group + half))));
    }
};

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
