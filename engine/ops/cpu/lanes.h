// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes, as one register of AVX-512 or two of AVX2: the words in which the kernels are
// written once. Included by the files compiled for an instruction set, inside a namespace of their
// own (MOONLET_ISA) and without the standard library, so that no function compiled for one of them
// is ever taken by the linker for the others. All sums run in the same order on both.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define INLINE inline __attribute__((always_inline))

namespace moonlet::cpu::MOONLET_ISA {

namespace {

INLINE int32_t load_word(const void* at) {
    int32_t word;
    __builtin_memcpy(&word, at, 4);
    return word;
}

// Brings a line into the cache; of any address, also past the end of what is allocated.
INLINE void fetch(const void* at) { _mm_prefetch(static_cast<const char*>(at), _MM_HINT_T0); }

#ifdef __AVX512F__

using Floats = __m512;
using Ints = __m512i;  // 16 words or 64 bytes

INLINE Floats zeros() { return _mm512_setzero_ps(); }
INLINE Floats all(float v) { return _mm512_set1_ps(v); }
INLINE Floats load(const float* at) { return _mm512_loadu_ps(at); }
INLINE void store(float* at, Floats v) { _mm512_storeu_ps(at, v); }
INLINE Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
INLINE Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
INLINE Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
INLINE Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
INLINE Floats to_floats(Ints v) { return _mm512_cvtepi32_ps(v); }
INLINE Floats as_floats(Ints v) { return _mm512_castsi512_ps(v); }
INLINE Ints as_ints(Floats v) { return _mm512_castps_si512(v); }
INLINE Floats halves(const void* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
}
INLINE Ints shorts(const void* at) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
}
INLINE void store_shorts(void* at, Ints v) {  // the low halves of the words
    _mm256_storeu_si256(static_cast<__m256i*>(at), _mm512_cvtepi32_epi16(v));
}
INLINE Ints bytes(const void* at) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
}
INLINE Ints signed_bytes(const void* at) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
}
INLINE Ints load_ints(const void* at) { return _mm512_loadu_si512(at); }
INLINE Ints all_words(int32_t v) { return _mm512_set1_epi32(v); }
INLINE Ints all_bytes(int v) { return _mm512_set1_epi8(char(v)); }
INLINE Ints no_ints() { return _mm512_setzero_si512(); }
INLINE Ints add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
INLINE Ints sub(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
INLINE Ints both(Ints a, Ints b) { return _mm512_and_si512(a, b); }
INLINE Ints either(Ints a, Ints b) { return _mm512_or_si512(a, b); }
template <int n>
INLINE Ints left(Ints v) {
    return _mm512_slli_epi32(v, n);
}
template <int n>
INLINE Ints right(Ints v) {
    return _mm512_srli_epi32(v, n);
}
INLINE Ints largest(Ints a, Ints b) { return _mm512_max_epi32(a, b); }
// Bytes of a list of 16 by the low half of each byte.
INLINE Ints listed(const uint8_t* list, Ints at) {
    const __m128i row = _mm_loadu_si128(reinterpret_cast<const __m128i*>(list));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(row), at);
}
// Floats of a list of 16 by the low four bits of each word.
INLINE Floats listed(const float* list, Ints at) {
    return _mm512_permutexvar_ps(at, _mm512_loadu_ps(list));
}
// a where the words are not numbers of floats, b elsewhere.
INLINE Ints where_nan(Floats v, Ints a, Ints b) {
    return _mm512_mask_mov_epi32(b, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), a);
}
INLINE void low_and_high(Floats v, __m256& low, __m256& high) {
    low = _mm512_castps512_ps256(v);
    high = _mm512_extractf32x8_ps(v, 1);
}

#ifdef __AVX512VNNI__
constexpr bool kStartsAtOffset = true;
using Codes = __m512i;
INLINE Codes offset_codes(Ints unsigned_codes) { return unsigned_codes; }
INLINE Ints dot_offset(Ints sum, Codes codes, Ints x) { return _mm512_dpbusd_epi32(sum, codes, x); }
INLINE Ints dot_small(Ints sum, Ints codes, Ints x) { return _mm512_dpbusd_epi32(sum, codes, x); }
#else
constexpr bool kStartsAtOffset = false;
struct Codes {
    __m512i magnitude;
    __mmask64 negative;
};
INLINE Codes offset_codes(Ints unsigned_codes) {
    const __m512i codes = _mm512_xor_si512(unsigned_codes, _mm512_set1_epi8(char(0x80)));
    return {_mm512_abs_epi8(codes), _mm512_movepi8_mask(codes)};
}
INLINE Ints pairs(Ints products) { return _mm512_madd_epi16(products, _mm512_set1_epi16(1)); }
INLINE Ints dot_offset(Ints sum, Codes codes, Ints x) {
    const __m512i turned = _mm512_mask_sub_epi8(x, codes.negative, _mm512_setzero_si512(), x);
    return add(sum, pairs(_mm512_maddubs_epi16(codes.magnitude, turned)));
}
INLINE Ints dot_small(Ints sum, Ints codes, Ints x) {
    return add(sum, pairs(_mm512_maddubs_epi16(codes, x)));
}
#endif

#else  // AVX2

struct Floats {
    __m256 low, high;
};
struct Ints {
    __m256i low, high;
};
INLINE Floats zeros() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
INLINE Floats all(float v) { return {_mm256_set1_ps(v), _mm256_set1_ps(v)}; }
INLINE Floats load(const float* at) { return {_mm256_loadu_ps(at), _mm256_loadu_ps(at + 8)}; }
INLINE void store(float* at, Floats v) {
    _mm256_storeu_ps(at, v.low);
    _mm256_storeu_ps(at + 8, v.high);
}
INLINE Floats fma(Floats a, Floats b, Floats c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
INLINE Floats mul(Floats a, Floats b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
INLINE Floats add(Floats a, Floats b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
INLINE Floats sub(Floats a, Floats b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
INLINE Floats to_floats(Ints v) { return {_mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high)}; }
INLINE Floats as_floats(Ints v) {
    return {_mm256_castsi256_ps(v.low), _mm256_castsi256_ps(v.high)};
}
INLINE Ints as_ints(Floats v) { return {_mm256_castps_si256(v.low), _mm256_castps_si256(v.high)}; }
INLINE __m128i part(const void* at, int n) {
    return _mm_loadu_si128(static_cast<const __m128i*>(at) + n);
}
INLINE Floats halves(const void* at) {
    return {_mm256_cvtph_ps(part(at, 0)), _mm256_cvtph_ps(part(at, 1))};
}
INLINE Ints shorts(const void* at) {
    return {_mm256_cvtepu16_epi32(part(at, 0)), _mm256_cvtepu16_epi32(part(at, 1))};
}
INLINE void store_shorts(void* at, Ints v) {
    const __m256i mask = _mm256_set1_epi32(0xffff);
    const __m256i mixed =
        _mm256_packus_epi32(_mm256_and_si256(v.low, mask), _mm256_and_si256(v.high, mask));
    _mm256_storeu_si256(static_cast<__m256i*>(at), _mm256_permute4x64_epi64(mixed, 0xd8));
}
INLINE Ints bytes(const void* at) {
    const __m128i b = part(at, 0);
    return {_mm256_cvtepu8_epi32(b), _mm256_cvtepu8_epi32(_mm_srli_si128(b, 8))};
}
INLINE Ints signed_bytes(const void* at) {
    const __m128i b = part(at, 0);
    return {_mm256_cvtepi8_epi32(b), _mm256_cvtepi8_epi32(_mm_srli_si128(b, 8))};
}
INLINE Ints load_ints(const void* at) {
    const __m256i* p = static_cast<const __m256i*>(at);
    return {_mm256_loadu_si256(p), _mm256_loadu_si256(p + 1)};
}
INLINE Ints all_words(int32_t v) { return {_mm256_set1_epi32(v), _mm256_set1_epi32(v)}; }
INLINE Ints all_bytes(int v) { return {_mm256_set1_epi8(char(v)), _mm256_set1_epi8(char(v))}; }
INLINE Ints no_ints() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
INLINE Ints add(Ints a, Ints b) {
    return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
INLINE Ints sub(Ints a, Ints b) {
    return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
INLINE Ints both(Ints a, Ints b) {
    return {_mm256_and_si256(a.low, b.low), _mm256_and_si256(a.high, b.high)};
}
INLINE Ints either(Ints a, Ints b) {
    return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}
template <int n>
INLINE Ints left(Ints v) {
    return {_mm256_slli_epi32(v.low, n), _mm256_slli_epi32(v.high, n)};
}
template <int n>
INLINE Ints right(Ints v) {
    return {_mm256_srli_epi32(v.low, n), _mm256_srli_epi32(v.high, n)};
}
INLINE Ints largest(Ints a, Ints b) {
    return {_mm256_max_epi32(a.low, b.low), _mm256_max_epi32(a.high, b.high)};
}
INLINE Ints listed(const uint8_t* list, Ints at) {
    const __m256i row = _mm256_broadcastsi128_si256(part(list, 0));
    return {_mm256_shuffle_epi8(row, at.low), _mm256_shuffle_epi8(row, at.high)};
}
INLINE __m256 listed_eight(__m256 low, __m256 high, __m256i at) {
    const __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28));  // bit 3 as the sign
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, at), _mm256_permutevar8x32_ps(high, at),
                            upper);
}
INLINE Floats listed(const float* list, Ints at) {
    const Floats f = load(list);
    return {listed_eight(f.low, f.high, at.low), listed_eight(f.low, f.high, at.high)};
}
INLINE __m256i where_nan(__m256 v, __m256i a, __m256i b) {
    return _mm256_blendv_epi8(b, a, _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)));
}
INLINE Ints where_nan(Floats v, Ints a, Ints b) {
    return {where_nan(v.low, a.low, b.low), where_nan(v.high, a.high, b.high)};
}
INLINE void low_and_high(Floats v, __m256& low, __m256& high) {
    low = v.low;
    high = v.high;
}

// An unsigned code of 8 bits times int8 twice may pass 16 bits; the magnitude of a signed one does
// not, with the sign moved to the other factor.
constexpr bool kStartsAtOffset = false;
struct Codes {
    Ints codes, magnitude;
};
INLINE Codes offset_codes(Ints unsigned_codes) {
    const __m256i top = _mm256_set1_epi8(char(0x80));
    const Ints codes{_mm256_xor_si256(unsigned_codes.low, top),
                     _mm256_xor_si256(unsigned_codes.high, top)};
    return {codes, {_mm256_abs_epi8(codes.low), _mm256_abs_epi8(codes.high)}};
}
INLINE __m256i dot_eight(__m256i sum, __m256i codes, __m256i x) {
    const __m256i products = _mm256_maddubs_epi16(codes, x);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
}
INLINE Ints dot_small(Ints sum, Ints codes, Ints x) {
    return {dot_eight(sum.low, codes.low, x.low), dot_eight(sum.high, codes.high, x.high)};
}
INLINE Ints dot_offset(Ints sum, const Codes& codes, Ints x) {
    return dot_small(
        sum, codes.magnitude,
        {_mm256_sign_epi8(x.low, codes.codes.low), _mm256_sign_epi8(x.high, codes.codes.high)});
}

#endif

INLINE Floats bf16s(const void* at) { return as_floats(left<16>(shorts(at))); }

// To the nearest bf16, ties to even, in the low halves of the words; no number stays none.
INLINE Ints to_bf16(Floats v) {
    const Ints bits = as_ints(v);
    const Ints odd = both(right<16>(bits), all_words(1));
    const Ints rounded = right<16>(add(add(bits, all_words(0x7fff)), odd));
    return where_nan(v, either(right<16>(bits), all_words(64)), rounded);
}

INLINE void store_first(float* at, Floats v, int64_t count) {
    if (count >= 16) {
        store(at, v);
    } else {
        float lanes[16];
        store(lanes, v);
        for (int64_t i = 0; i < count; ++i) at[i] = lanes[i];
    }
}

// The sum of all lanes: halves are added until one is left.
INLINE float total(Floats v) {
    __m256 low, high;
    low_and_high(v, low, high);
    low = _mm256_add_ps(low, high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(low), _mm256_extractf128_ps(low, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
