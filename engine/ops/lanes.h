// SPDX-License-Identifier: Apache-2.0
// What the row kernels of this folder are written in: vectors of 16 f32 lanes in the compiler's
// generic form, loaded from f32 or bf16 (passed as its 16 bits) and rounded back, and one body
// compiled for AVX-512, AVX2 and the baseline, chosen at each call by cpu/isa.h. Sums run in the
// same order everywhere, so only the contraction to fused multiply-add can tell the versions apart.
// For kernel files alone: knows no tensors and no threads.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/cpu/isa.h"

namespace moonlet::ops::lanes {

constexpr int64_t kLanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));

#define MOONLET_INLINE inline __attribute__((always_inline))
#define MOONLET_INLINED __attribute__((always_inline))  // behind a lambda's parameters

// Vectors stay inside one function after inlining, so the note about passing them says nothing
// here.
#pragma GCC diagnostic ignored "-Wpsabi"

MOONLET_INLINE Floats load(const float* from) {
    Floats v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

MOONLET_INLINE Floats load(const uint16_t* from) {
    Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    return (Floats)(__builtin_convertvector(halves, Words) << 16);
}

// To what T can hold. bf16: the nearest, ties to even; NaN stays NaN (the sum would carry it into
// the sign).
template <class T>
MOONLET_INLINE Floats rounded(Floats v) {
    if constexpr (sizeof(T) == 4) return v;
    Words words = (Words)v;
    Words nearest = (words + 0x7FFFu + ((words >> 16) & 1u)) & 0xFFFF0000u;
    Words is_nan = (Words)(v != v);
    return (Floats)((is_nan & 0x7FC00000u) | (~is_nan & nearest));
}

// v is rounded already.
MOONLET_INLINE void put(float* to, Floats v) { std::memcpy(to, &v, sizeof v); }
MOONLET_INLINE void put(uint16_t* to, Floats v) {
    Halves halves = __builtin_convertvector((Words)v >> 16, Halves);
    std::memcpy(to, &halves, sizeof halves);
}

template <class T>
MOONLET_INLINE void store(T* to, Floats v) {
    put(to, rounded<T>(v));
}

// The same for the last `count` < 16 values of a row, the other lanes zeros.
template <class T>
MOONLET_INLINE Floats load_part(const T* from, int64_t count) {
    T padded[kLanes] = {};
    std::memcpy(padded, from, size_t(count) * sizeof(T));
    return load(padded);
}

template <class T>
MOONLET_INLINE void store_part(T* to, int64_t count, Floats v) {
    T padded[kLanes];
    store(padded, v);
    std::memcpy(to, padded, size_t(count) * sizeof(T));
}

// A vector of a row, of 16 values or, at its end, of fewer: the other lanes zeros.
struct Place {
    int64_t at, count;
    template <class T>
    MOONLET_INLINE Floats load(const T* row) const {
        return count == kLanes ? lanes::load(row + at) : load_part(row + at, count);
    }
    template <class T>
    MOONLET_INLINE void store(T* row, Floats v) const {
        if (count == kLanes) lanes::store(row + at, v);
        else store_part(row + at, count, v);
    }
};

// Calls body(place) for the vectors of a row of n, in order.
template <class Body>
MOONLET_INLINE void each(int64_t n, Body body) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) body(Place{i, kLanes});
    if (i < n) body(Place{i, n - i});
}

MOONLET_INLINE float sum(Floats v) {
    float total = 0;
    for (int64_t i = 0; i < kLanes; ++i) total += v[i];
    return total;
}

MOONLET_INLINE float greatest(Floats v) {
    float most = v[0];
    for (int64_t i = 1; i < kLanes; ++i) most = v[i] > most ? v[i] : most;
    return most;
}

// e^x within 2 units in the last place; 0 below -87.3, infinity above 88.7, NaN for NaN. The
// power of two is split off by adding a number so large that only whole ones are left; the rest,
// within ln 2 / 2 of 0, goes through Cephes' polynomial (expf, S. Moshier).
MOONLET_INLINE Floats exponential(Floats x) {
    const Floats zero = {};
    Floats kept = x < -87.3f ? zero - 87.3f : x;
    kept = kept > 88.7f ? zero + 88.7f : kept;
    const float big = 12582912.0f;  // 1.5 * 2^23
    const Floats shifted = kept * 1.44269504088896341f + big;
    const Floats whole = shifted - big;
    Floats r = kept - whole * 0.693359375f;
    r = r + whole * 2.12194440e-4f;
    Floats p = zero + 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const Words power = ((Words)shifted - 0x4B400000u) << 23;
    const Floats result = (Floats)((Words)p + power);
    const Floats bounded = x > 88.7f ? zero + __builtin_inff() : result;
    return x < -87.3f ? zero : bounded;
}

#ifdef __x86_64__
#define MOONLET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define MOONLET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#endif

template <class Body, class... Arguments>
void for_baseline(Arguments... arguments) {
    Body::run(arguments...);
}
#ifdef __x86_64__
template <class Body, class... Arguments>
MOONLET_AVX2 void for_avx2(Arguments... arguments) {
    Body::run(arguments...);
}
template <class Body, class... Arguments>
MOONLET_AVX512 void for_avx512(Arguments... arguments) {
    Body::run(arguments...);
}
#endif

// Body::run(arguments...), an always inlined static function, in the widest vectors allowed.
template <class Body, class... Arguments>
void widest(Arguments... arguments) {
#ifdef __x86_64__
    const cpu::Isa isa = cpu::isa();
    if (isa >= cpu::Isa::avx512) return for_avx512<Body, Arguments...>(arguments...);
    if (isa >= cpu::Isa::avx2) return for_avx2<Body, Arguments...>(arguments...);
#endif
    for_baseline<Body, Arguments...>(arguments...);
}

}  // namespace moonlet::ops::lanes
