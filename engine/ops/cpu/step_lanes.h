// SPDX-License-Identifier: Apache-2.0
// Sixteen floats that a kernel computes with at once, in one register of AVX-512 or in two of AVX2:
// the same operations in the same order, so the same numbers. For files that say first which they
// are compiled for (#pragma GCC target, and MOONLET_LANES_512 for AVX-512); everything is inlined.
// Sums and products round where they stand: these files are compiled with -ffp-contract=off.

#include <immintrin.h>

#include <cstdint>

namespace {

constexpr int64_t kLanes = 16;

#define MOONLET_INLINE inline __attribute__((always_inline))

#ifdef MOONLET_LANES_512

// g++ 12 takes the undefined registers of its own intrinsics for mistakes of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

struct Lanes {
    __m512 v;
};
MOONLET_INLINE Lanes spread(float x) { return {_mm512_set1_ps(x)}; }
MOONLET_INLINE Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
MOONLET_INLINE Lanes load_bf16(const uint16_t* p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}
MOONLET_INLINE Lanes load_f16(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p))};
}
MOONLET_INLINE Lanes load_int8(const int8_t* p) {
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p)))};
}
MOONLET_INLINE void store(float* p, Lanes a) { _mm512_storeu_ps(p, a.v); }
MOONLET_INLINE Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
MOONLET_INLINE Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
MOONLET_INLINE Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
MOONLET_INLINE Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
// a * b + c, rounded once
MOONLET_INLINE Lanes fused(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
MOONLET_INLINE Lanes larger(Lanes a, Lanes b) { return {_mm512_max_ps(a.v, b.v)}; }
MOONLET_INLINE Lanes smaller(Lanes a, Lanes b) { return {_mm512_min_ps(a.v, b.v)}; }
// a < b ? yes : no, lane by lane; no, where one is NaN
MOONLET_INLINE Lanes where_less(Lanes a, Lanes b, Lanes yes, Lanes no) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), no.v, yes.v)};
}
MOONLET_INLINE Lanes magnitude(Lanes a) { return {_mm512_abs_ps(a.v)}; }
MOONLET_INLINE Lanes nearest(Lanes a) {
    return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
// a * 2^n for whole n in [-126, 127]
MOONLET_INLINE Lanes times_power(Lanes a, Lanes n) {
    __m512i bits =
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127)), 23);
    return {_mm512_mul_ps(a.v, _mm512_castsi512_ps(bits))};
}
// The nearest bf16, ties to even; NaN stays NaN.
MOONLET_INLINE __m512i bits_of_bf16(Lanes a) {
    __m512i bits = _mm512_castps_si512(a.v);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i up = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd);
    return _mm512_mask_mov_epi32(up, _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q),
                                 _mm512_set1_epi32(0x7FC00000));
}
MOONLET_INLINE Lanes rounded_bf16(Lanes a) {
    return {
        _mm512_castsi512_ps(_mm512_and_si512(bits_of_bf16(a), _mm512_set1_epi32(int(0xFFFF0000))))};
}
MOONLET_INLINE void store_bf16(uint16_t* p, Lanes a) {
    _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits_of_bf16(a), 16)));
}
MOONLET_INLINE __m256 low(Lanes a) { return _mm512_castps512_ps256(a.v); }
MOONLET_INLINE __m256 high(Lanes a) {
    return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.v), 1));
}
MOONLET_INLINE Lanes join(__m256 a, __m256 b) {
    return {_mm512_castpd_ps(
        _mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(a)), _mm256_castps_pd(b), 1))};
}

#else

struct Lanes {
    __m256 a, b;
};
MOONLET_INLINE Lanes spread(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
MOONLET_INLINE Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
MOONLET_INLINE Lanes load_bf16(const uint16_t* p) {
    __m256i a = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p)),
            b = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)(p + 8)));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(a, 16)),
            _mm256_castsi256_ps(_mm256_slli_epi32(b, 16))};
}
MOONLET_INLINE Lanes load_f16(const uint16_t* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)),
            _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(p + 8)))};
}
MOONLET_INLINE Lanes load_int8(const int8_t* p) {
    __m128i all = _mm_loadu_si128((const __m128i*)p);
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(all)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(all, 8)))};
}
MOONLET_INLINE void store(float* p, Lanes x) {
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
MOONLET_INLINE Lanes operator+(Lanes x, Lanes y) {
    return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}
MOONLET_INLINE Lanes operator-(Lanes x, Lanes y) {
    return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}
MOONLET_INLINE Lanes operator*(Lanes x, Lanes y) {
    return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}
MOONLET_INLINE Lanes operator/(Lanes x, Lanes y) {
    return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)};
}
MOONLET_INLINE Lanes fused(Lanes x, Lanes y, Lanes z) {
    return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
MOONLET_INLINE Lanes larger(Lanes x, Lanes y) {
    return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}
MOONLET_INLINE Lanes smaller(Lanes x, Lanes y) {
    return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)};
}
MOONLET_INLINE Lanes where_less(Lanes x, Lanes y, Lanes yes, Lanes no) {
    return {_mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
            _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
}
MOONLET_INLINE Lanes magnitude(Lanes x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}
MOONLET_INLINE Lanes nearest(Lanes x) {
    constexpr int kMode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(x.a, kMode), _mm256_round_ps(x.b, kMode)};
}
MOONLET_INLINE __m256 power(__m256 n) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}
MOONLET_INLINE Lanes times_power(Lanes x, Lanes n) {
    return {_mm256_mul_ps(x.a, power(n.a)), _mm256_mul_ps(x.b, power(n.b))};
}
MOONLET_INLINE __m256i bits_of_bf16(__m256 a) {
    __m256i bits = _mm256_castps_si256(a);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i up = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd);
    __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FC00000));
    return _mm256_castps_si256(
        _mm256_blendv_ps(_mm256_castsi256_ps(up), nan, _mm256_cmp_ps(a, a, _CMP_UNORD_Q)));
}
MOONLET_INLINE Lanes rounded_bf16(Lanes x) {
    const __m256i kept = _mm256_set1_epi32(int(0xFFFF0000));
    return {_mm256_castsi256_ps(_mm256_and_si256(bits_of_bf16(x.a), kept)),
            _mm256_castsi256_ps(_mm256_and_si256(bits_of_bf16(x.b), kept))};
}
MOONLET_INLINE void store_bf16(uint16_t* p, Lanes x) {
    __m256i both = _mm256_packus_epi32(_mm256_srli_epi32(bits_of_bf16(x.a), 16),
                                       _mm256_srli_epi32(bits_of_bf16(x.b), 16));
    _mm256_storeu_si256((__m256i*)p, _mm256_permute4x64_epi64(both, 0xD8));
}
MOONLET_INLINE __m256 low(Lanes x) { return x.a; }
MOONLET_INLINE __m256 high(Lanes x) { return x.b; }
MOONLET_INLINE Lanes join(__m256 a, __m256 b) { return {a, b}; }

#endif

// The last `count` of a row, the other lanes zero; T: float, or uint16_t that holds bf16.
MOONLET_INLINE Lanes load(const uint16_t* p) { return load_bf16(p); }
MOONLET_INLINE void store(uint16_t* p, Lanes a) { store_bf16(p, a); }
template <class T>
MOONLET_INLINE Lanes load_some(const T* p, int64_t count) {
    T all[kLanes] = {};
    for (int64_t i = 0; i < count; ++i) all[i] = p[i];
    return load(all);
}
template <class T>
MOONLET_INLINE void store_some(T* p, Lanes a, int64_t count) {
    T all[kLanes];
    store(all, a);
    for (int64_t i = 0; i < count; ++i) p[i] = all[i];
}

// Eight vectors, each folded to eight lanes: the sum of each.
MOONLET_INLINE __m256 sums_of(const __m256 v[8]) {
    __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3])),
           b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
MOONLET_INLINE __m256 folded(Lanes a) { return _mm256_add_ps(low(a), high(a)); }
MOONLET_INLINE float sum(Lanes a) {
    __m256 v = folded(a);
    __m128 w = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    w = _mm_add_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(w) + _mm_cvtss_f32(_mm_shuffle_ps(w, w, 1));
}
MOONLET_INLINE float largest(Lanes a) {
    __m256 v = _mm256_max_ps(low(a), high(a));
    __m128 w = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    w = _mm_max_ps(w, _mm_movehl_ps(w, w));
    return _mm_cvtss_f32(_mm_max_ss(w, _mm_shuffle_ps(w, w, 1)));
}

// e^x to about one unit in the last place (Cody and Waite's reduction by ln 2 in two parts, then
// Taylor's series to the seventh power); 0 below -87, infinite above 88.7.
MOONLET_INLINE Lanes exponential(Lanes x) {
    const Lanes low_end = spread(-87.0f), high_end = spread(88.72f);
    Lanes bounded = smaller(larger(x, low_end), high_end);
    Lanes n = nearest(bounded * spread(1.44269504f));
    Lanes r = fused(n, spread(-0.693145752f), bounded);
    r = fused(n, spread(-1.42860677e-6f), r);
    Lanes y = fused(r, spread(1.0f / 5040), spread(1.0f / 720));
    y = fused(y, r, spread(1.0f / 120));
    y = fused(y, r, spread(1.0f / 24));
    y = fused(y, r, spread(1.0f / 6));
    y = fused(y, r, spread(0.5f));
    y = fused(y, r, spread(1.0f));
    y = fused(y, r, spread(1.0f));
    // In two steps: 2^128 is no float.
    Lanes half = nearest(n * spread(0.5f));
    y = times_power(times_power(y, half), n - half);
    y = where_less(x, low_end, spread(0.0f), y);
    y = where_less(high_end, x, spread(__builtin_inff()), y);
    return where_less(x, spread(__builtin_inff()), y, x + x);  // infinity and NaN stay
}

// tanh to about two units in the last place: the odd series near zero, where 1 - 2/(e^2x + 1) would
// lose digits.
MOONLET_INLINE Lanes hyperbolic_tangent(Lanes x) {
    Lanes two = spread(2.0f), one = spread(1.0f), wide = magnitude(x);
    Lanes far = one - two / (exponential(wide * two) + one);
    Lanes s = x * x;
    Lanes near = fused(s, spread(-1382.0f / 155925), spread(62.0f / 2835));
    near = fused(near, s, spread(-17.0f / 315));
    near = fused(near, s, spread(2.0f / 15));
    near = fused(near, s, spread(-1.0f / 3));
    near = fused(near * s, x, x);
    far = where_less(x, spread(0.0f), spread(0.0f) - far, far);
    return where_less(wide, spread(0.25f), near, far);
}

}  // namespace
