// SPDX-License-Identifier: Apache-2.0
// Dense weights rounded into panels. A panel's values are first divided by its unit, a power of two
// near its largest value, so that scales are normal halves however small or large the weights are.
// One body in the compiler's vectors of 16, compiled for AVX2 and AVX-512; sums run in one order,
// so the codes do not depend on the machine.
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/panel_fill.h"

namespace moonlet::cpu {

namespace {

#define ALWAYS_INLINE inline __attribute__((always_inline))
// Vectors stay inside one function after inlining, so the note about passing them says nothing.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));
typedef uint8_t Bytes __attribute__((vector_size(16)));
// Sixteen values of a buffer, which need not lie at a vector's alignment.
struct Sixteen {
    float values[16];
    ALWAYS_INLINE Floats get() const {
        Floats v;
        std::memcpy(&v, values, sizeof v);
        return v;
    }
    ALWAYS_INLINE void set(const Floats& v) { std::memcpy(values, &v, sizeof v); }
};

ALWAYS_INLINE void load(const float* from, Floats& v) { std::memcpy(&v, from, sizeof v); }
ALWAYS_INLINE void load(const uint16_t* from, Floats& v) {
    Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    const Words words = __builtin_convertvector(halves, Words) << 16;
    std::memcpy(&v, &words, sizeof v);
}
// n values in vectors of 16, the last one filled up with zeros.
template <class T>
ALWAYS_INLINE void load_first(const T* from, int64_t n, Floats& v) {
    T padded[16] = {};
    std::memcpy(padded, from, size_t(n) * sizeof(T));
    load(padded, v);
}
ALWAYS_INLINE void store_codes(uint8_t* to, const Floats& v) {
    const Bytes bytes = __builtin_convertvector(__builtin_convertvector(v, Ints), Bytes);
    std::memcpy(to, &bytes, sizeof bytes);
}
ALWAYS_INLINE Floats magnitude(const Floats& v) {
    Words words;
    std::memcpy(&words, &v, sizeof words);
    words &= 0x7fffffffu;
    Floats out;
    std::memcpy(&out, &words, sizeof out);
    return out;
}
// To the nearest whole number, of numbers below 2^22.
ALWAYS_INLINE Floats nearest(const Floats& v) { return (v + 12582912.0f) - 12582912.0f; }
ALWAYS_INLINE Floats clamped(const Floats& v, float low, float high) {
    const Floats l = Floats{} + low, h = Floats{} + high, raised = v < l ? l : v;
    return raised > h ? h : raised;
}
// Halves of the lanes put together until one is left.
typedef float Eight __attribute__((vector_size(32)));
typedef float Four __attribute__((vector_size(16)));
typedef int32_t Picks __attribute__((vector_size(16)));
struct Sum {
    template <class V>
    ALWAYS_INLINE static V join(const V& a, const V& b) {
        return a + b;
    }
};
struct Most {
    template <class V>
    ALWAYS_INLINE static V join(const V& a, const V& b) {
        return a > b ? a : b;
    }
};
template <class Join>
ALWAYS_INLINE Four quarter(const Floats& v) {
    Eight eight[2];
    std::memcpy(eight, &v, sizeof v);
    const Eight one = Join::join(eight[0], eight[1]);
    Four four[2];
    std::memcpy(four, &one, sizeof one);
    return Join::join(four[0], four[1]);
}
template <class Join>
ALWAYS_INLINE float folded(const Floats& v) {
    const Four last = quarter<Join>(v);
    return Join::join(Join::join(last[0], last[2]), Join::join(last[1], last[3]));
}
// The totals of four at once.
ALWAYS_INLINE Four totals(const Floats (&v)[4]) {
    const Four a = quarter<Sum>(v[0]), b = quarter<Sum>(v[1]), c = quarter<Sum>(v[2]),
               d = quarter<Sum>(v[3]);
    const Four ab =
        __builtin_shuffle(a, b, Picks{0, 4, 1, 5}) + __builtin_shuffle(a, b, Picks{2, 6, 3, 7});
    const Four cd =
        __builtin_shuffle(c, d, Picks{0, 4, 1, 5}) + __builtin_shuffle(c, d, Picks{2, 6, 3, 7});
    return __builtin_shuffle(ab, cd, Picks{0, 1, 4, 5}) +
           __builtin_shuffle(ab, cd, Picks{2, 3, 6, 7});
}
ALWAYS_INLINE float total(const Floats& v) { return folded<Sum>(v); }
ALWAYS_INLINE float most_of(const Floats& v) { return folded<Most>(v); }

constexpr uint16_t kNoHalf = 0x7e00;

// To and from halves by the bits; 0 <= |v| < 65504.
ALWAYS_INLINE uint16_t to_half(float v) {
    uint32_t bits;
    std::memcpy(&bits, &v, 4);
    const uint32_t sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;
    if (rest >= 0x38800000u)
        return uint16_t(sign | (((rest + 0xfff + (rest >> 13 & 1)) >> 13) - (112u << 10)));
    return uint16_t(sign | uint32_t(std::nearbyint(std::fabs(v) * 0x1p24f)));
}
ALWAYS_INLINE float from_half(uint16_t half) {
    const uint32_t rest = half & 0x7fff;
    float v;
    if (rest >= 0x400) {
        const uint32_t bits = (rest << 13) + (112u << 23);
        std::memcpy(&v, &bits, 4);
    } else {
        v = float(rest) * 0x1p-24f;
    }
    return half & 0x8000 ? -v : v;
}

// What is done to the values of one scale: v[0 .. 16 * n) to codes, one a byte; the scale's half.
struct Int8 {
    static constexpr uint8_t kZero = 128;
    ALWAYS_INLINE static uint16_t round(const Sixteen* v, int64_t n, float most, uint8_t* codes) {
        const uint16_t half = to_half(most / 127);
        const float scale = from_half(half), inverse = scale > 0 ? 1 / scale : 0;
        for (int64_t i = 0; i < n; ++i)
            store_codes(codes + 16 * i, clamped(nearest(v[i].get() * inverse), -127, 127) + 128.0f);
        return half;
    }
};

struct Int4 {
    static constexpr uint8_t kZero = 8;
    // Codes at several steps; of each the error that is left with the best scale for those codes
    // is sum(v^2) - sum(v q)^2 / sum(q^2).
    ALWAYS_INLINE static uint16_t round(const Sixteen* v, int64_t n, float most, uint8_t* codes) {
        Floats highest{};
        for (int64_t i = 0; i < n; ++i) {
            const Floats x = v[i].get();
            highest = x > highest ? x : highest;
        }
        const float signed_most = most_of(highest) == most ? most : -most;
        // Where the largest value may fall between two codes: of many such sets of four the one
        // that leaves the least error in normal numbers, groups of 32 and of 128.
        constexpr float kEnds[4] = {-8.0f, -8.5f, -7.25f, -9.0f};
        const float step = most > 0 ? 1 / signed_most : 0;
        Floats product[4] = {}, square[4] = {};
        for (int64_t i = 0; i < n; ++i) {
            const Floats x = v[i].get();
#pragma GCC unroll 4
            for (int t = 0; t < 4; ++t) {
                const Floats q = clamped(nearest(x * (kEnds[t] * step)), -8, 7);
                product[t] += q * x;
                square[t] += q * q;
            }
        }
        const Four products = totals(product), squares = totals(square);
        const Four gains = products * products / (squares > 0 ? squares : Four{} + 1.0f);
        int best = 0;
        for (int t = 1; t < 4; ++t) best = gains[t] > gains[best] ? t : best;
        float scale = squares[best] > 0 ? products[best] / squares[best] : 0;
        const uint16_t half = to_half(scale);
        scale = from_half(half);
        const float inverse = scale != 0 ? 1 / scale : 0;
        for (int64_t i = 0; i < n; ++i)
            store_codes(codes + 16 * i, clamped(nearest(v[i].get() * inverse), -8, 7) + 8.0f);
        return half;
    }
};

struct Nf4 {
    static constexpr uint8_t kZero = 7;
    ALWAYS_INLINE static uint16_t round(const Sixteen* v, int64_t n, float most, uint8_t* codes) {
        // Halfway between neighbours of the book (kNf4 in packed_codes.h).
        constexpr float kBetween[15] = {
            -0.8480964004993439f,   -0.6106329262256622f,  -0.4599952697753906f,
            -0.33967943489551544f,  -0.23460740596055984f, -0.13791173323988914f,
            -0.045525018125772476f, 0.03979014977812767f,  0.1202552504837513f,
            0.2035212516784668f,    0.2920137718319893f,   0.3893125355243683f,
            0.5016634166240692f,    0.6427869200706482f,   0.8614784181118011f,
        };
        const uint16_t half = to_half(most);
        const float scale = from_half(half), inverse = scale > 0 ? 1 / scale : 0;
        for (int64_t i = 0; i < n; ++i) {
            const Floats x = v[i].get() * inverse;
            Ints code{};
            for (float border : kBetween) code -= x > border;
            store_codes(codes + 16 * i, __builtin_convertvector(code, Floats));
        }
        return half;
    }
};

constexpr uint32_t kInfinite = 0x7f800000u;

// The power of two that the values of a panel are divided by: what is left reaches 2^15, so that
// the scales lie high in a half's range.
template <class T>
ALWAYS_INLINE float unit_of(const T* from, int64_t count) {
    Words most{};
    auto take = [&](const Floats& v) {
        Words words;
        std::memcpy(&words, &v, sizeof words);
        words &= 0x7fffffffu;
        words = words >= kInfinite ? Words{} : words;
        most = words > most ? words : most;
    };
    Floats v;
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        load(from + i, v);
        take(v);
    }
    if (i < count) {
        load_first(from + i, count - i, v);
        take(v);
    }
    uint32_t all = 0;
    for (int j = 0; j < 16; ++j) all = most[j] > all ? most[j] : all;
    const int exponent = std::max(int(all >> 23) - 127 - 14, -120);
    return all == 0 ? 1 : std::ldexp(1.0f, exponent);
}

// `count` values of a row as vectors over the unit; the largest of them, or not a number.
template <class T>
ALWAYS_INLINE float over_unit(const T* from, int64_t count, float inverse_unit, Sixteen* v) {
    Floats most{}, faults{};
    const int64_t n = (count + 15) / 16;
    for (int64_t i = 0; i < n; ++i) {
        const int64_t left = count - 16 * i;
        Floats x;
        if (left >= 16) load(from + 16 * i, x);
        else load_first(from + 16 * i, left, x);
        x *= inverse_unit;
        v[i].set(x);
        const Floats size = magnitude(x);
        faults += size - size;  // not a number where the value is not finite
        most = size > most ? size : most;
    }
    const float fault = total(faults);
    return fault == 0 ? most_of(most) : fault;
}

template <class Kind, bool kNibbles, class T>
ALWAYS_INLINE void fill(PackedWeights& weights, const T* dense, int64_t index) {
    const Panels& p = weights.panels();
    uint8_t* panel = weights.panel(index);
    const int64_t row = index * kPanelRows, rows = std::min(kPanelRows, p.rows - row);
    if (rows < kPanelRows) std::memset(panel, 0, size_t(p.panel_bytes));
    else clear_headers(p, panel);
    const float unit = unit_of(dense + row * p.width, rows * p.width);
    weights.unit(index) = unit;
    const int64_t per_scale = p.scale_shift > 8 ? p.groups : int64_t(1) << p.scale_shift;
    thread_local std::vector<Sixteen> values;
    thread_local std::vector<uint8_t> codes;
    values.resize(size_t(2 * per_scale));
    codes.resize(size_t(32 * per_scale));
    for (int64_t g = 0; g < p.groups; g += per_scale) {
        const int64_t first = 32 * g, groups = std::min(per_scale, p.groups - g);
        const int64_t count = std::min(32 * groups, p.width - first);
        const GroupAt start = group_at(p, panel, g);
        uint8_t* scales = start.header + 32 * (start.in_block / per_scale);
        for (int64_t r = 0; r < rows; ++r) {
            const float most =
                over_unit(dense + (row + r) * p.width + first, count, 1 / unit, values.data());
            const bool finite = most == most;
            if (count % 32 || !finite) std::memset(codes.data(), Kind::kZero, codes.size());
            const uint16_t half =
                finite ? Kind::round(values.data(), (count + 15) / 16, most, codes.data())
                       : kNoHalf;
            std::memcpy(scales + 2 * r, &half, 2);
            for (int64_t i = 0; i < groups; ++i) {
                uint8_t* to = start.codes + i * p.code_bytes;
                const uint8_t* from = codes.data() + 32 * i;
                if (kNibbles) {
                    put_nibbles(to, r, from);
                } else {
                    for (int q = 0; q < 8; ++q) put_word(to, q, r, word_of(from + 4 * q));
                }
            }
        }
    }
}

template <class T>
using Fill = void (*)(PackedWeights&, const T*, int64_t);
template <class Kind, bool kNibbles, class T>
void fill_plain(PackedWeights& weights, const T* dense, int64_t index) {
    fill<Kind, kNibbles>(weights, dense, index);
}
#ifdef __x86_64__
template <class Kind, bool kNibbles, class T>
__attribute__((target("avx2"))) void fill_avx2(PackedWeights& weights, const T* dense,
                                               int64_t index) {
    fill<Kind, kNibbles>(weights, dense, index);
}
template <class Kind, bool kNibbles, class T>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))) void fill_avx512(
    PackedWeights& weights, const T* dense, int64_t index) {
    fill<Kind, kNibbles>(weights, dense, index);
}
#endif

template <class Kind, bool kNibbles, class T>
Fill<T> filler() {
#ifdef __x86_64__
    if (isa() >= Isa::avx512) return fill_avx512<Kind, kNibbles, T>;
    if (isa() >= Isa::avx2) return fill_avx2<Kind, kNibbles, T>;
#endif
    return fill_plain<Kind, kNibbles, T>;
}

template <class T>
std::unique_ptr<PackedWeights> pack_dense(Packing packing, const T* dense, int64_t rows,
                                          int64_t width, int64_t group, const Between& between) {
    if (packing != Packing::int8 && packing != Packing::int4 && packing != Packing::nf4)
        throw Error("dense weights to be rounded to one of GGUF's types", "int8, int4 or nf4",
                    "pack_blocks takes GGUF's blocks as they are");
    auto weights = std::make_unique<PackedWeights>(packing, rows, width, group);
    const Fill<T> fill = packing == Packing::int8   ? filler<Int8, false, T>()
                         : packing == Packing::int4 ? filler<Int4, true, T>()
                                                    : filler<Nf4, true, T>();
    fill_panels(*weights, between, [&](int64_t index) { fill(*weights, dense, index); });
    return weights;
}

}  // namespace

std::unique_ptr<PackedWeights> pack(Packing packing, const float* dense, int64_t rows,
                                    int64_t width, int64_t group, const Between& between) {
    return pack_dense(packing, dense, rows, width, group, between);
}
std::unique_ptr<PackedWeights> pack(Packing packing, const uint16_t* bf16, int64_t rows,
                                    int64_t width, int64_t group, const Between& between) {
    return pack_dense(packing, bf16, rows, width, group, between);
}

}  // namespace moonlet::cpu
