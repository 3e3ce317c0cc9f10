// SPDX-License-Identifier: Apache-2.0
// One body in the compiler's generic 16-lane vectors, compiled three times: the sums run in the
// same order everywhere, so only the contraction to fused multiply-add can tell the versions apart.
#include "ops/rms_norm_kernel.h"

#include <cmath>
#include <cstring>

namespace moonlet::ops {

namespace {

constexpr int64_t kLanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));

#define ALWAYS_INLINE inline __attribute__((always_inline))

// Vectors stay inside one function after inlining, so the note about passing them says nothing
// here.
#pragma GCC diagnostic ignored "-Wpsabi"

ALWAYS_INLINE void load(const float* from, Floats& v) { std::memcpy(&v, from, sizeof v); }
ALWAYS_INLINE void store(float* to, const Floats& v) { std::memcpy(to, &v, sizeof v); }
ALWAYS_INLINE void round_to(const float*, Floats&) {}

ALWAYS_INLINE void load(const uint16_t* from, Floats& v) {
    Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    Words words = __builtin_convertvector(halves, Words) << 16;
    std::memcpy(&v, &words, sizeof v);
}

// Nearest bf16, ties to even; NaN stays NaN (the sum would carry it into the sign).
ALWAYS_INLINE void round_to(const uint16_t*, Floats& v) {
    Words words;
    std::memcpy(&words, &v, sizeof words);
    Words rounded = (words + 0x7FFFu + ((words >> 16) & 1u)) & 0xFFFF0000u;
    Words is_nan = (Words)(v != v);
    words = (is_nan & 0x7FC00000u) | (~is_nan & rounded);
    std::memcpy(&v, &words, sizeof v);
}

ALWAYS_INLINE void store(uint16_t* to, const Floats& v) {  // v is rounded already
    Words words;
    std::memcpy(&words, &v, sizeof words);
    Halves halves = __builtin_convertvector(words >> 16, Halves);
    std::memcpy(to, &halves, sizeof halves);
}

// The last n % 16 values of a row, padded with zeros so that one code path serves both.
template <class T>
ALWAYS_INLINE void load_tail(const T* from, int64_t count, Floats& v) {
    T padded[kLanes] = {};
    std::memcpy(padded, from, size_t(count) * sizeof(T));
    load(padded, v);
}

template <class T>
ALWAYS_INLINE void store_tail(T* to, int64_t count, const Floats& v) {
    T padded[kLanes];
    store(padded, v);
    std::memcpy(to, padded, size_t(count) * sizeof(T));
}

template <class T>
ALWAYS_INLINE void body(const T* x, const T* weight, T* y, int64_t rows, int64_t n, float eps) {
    const int64_t whole = n / kLanes * kLanes;
    for (int64_t r = 0; r < rows; ++r, x += n, y += n) {
        Floats v, w, sums = {};
        for (int64_t i = 0; i < whole; i += kLanes) {
            load(x + i, v);
            sums += v * v;
        }
        if (whole < n) {
            load_tail(x + whole, n - whole, v);
            sums += v * v;
        }
        float sum = 0;
        for (int64_t i = 0; i < kLanes; ++i) sum += sums[i];
        const float scale = 1.0f / std::sqrt(sum / float(n) + eps);
        for (int64_t i = 0; i < whole; i += kLanes) {
            load(x + i, v);
            load(weight + i, w);
            v *= scale;
            round_to(x, v);
            v *= w;
            round_to(x, v);
            store(y + i, v);
        }
        if (whole < n) {
            load_tail(x + whole, n - whole, v);
            load_tail(weight + whole, n - whole, w);
            v *= scale;
            round_to(x, v);
            v *= w;
            round_to(x, v);
            store_tail(y + whole, n - whole, v);
        }
    }
}

template <class T>
using Rows = void (*)(const T*, const T*, T*, int64_t, int64_t, float);

template <class T>
void baseline(const T* x, const T* w, T* y, int64_t rows, int64_t n, float eps) {
    body(x, w, y, rows, n, eps);
}

#ifdef __x86_64__
template <class T>
__attribute__((target("avx2,fma"))) void avx2(const T* x, const T* w, T* y, int64_t rows, int64_t n,
                                              float eps) {
    body(x, w, y, rows, n, eps);
}
template <class T>
__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))) void avx512(
    const T* x, const T* w, T* y, int64_t rows, int64_t n, float eps) {
    body(x, w, y, rows, n, eps);
}
#endif

bool has_avx2() {
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

bool has_avx512() {
#ifdef __x86_64__
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
    return false;
#endif
}

enum class Isa { baseline, avx2, avx512 };

Isa widest() { return has_avx512() ? Isa::avx512 : has_avx2() ? Isa::avx2 : Isa::baseline; }

Isa& chosen() {
    static Isa isa = widest();
    return isa;
}

template <class T>
Rows<T> kernel() {
#ifdef __x86_64__
    if (chosen() == Isa::avx512) return avx512<T>;
    if (chosen() == Isa::avx2) return avx2<T>;
#endif
    return baseline<T>;
}

}  // namespace

void rms_norm_rows(const float* x, const float* weight, float* y, int64_t rows, int64_t n,
                   float eps) {
    kernel<float>()(x, weight, y, rows, n, eps);
}

void rms_norm_rows(const uint16_t* x, const uint16_t* weight, uint16_t* y, int64_t rows, int64_t n,
                   float eps) {
    kernel<uint16_t>()(x, weight, y, rows, n, eps);
}

bool rms_norm_force_isa(const char* isa) {
    Isa wanted = widest();
    if (isa && !std::strcmp(isa, "baseline")) wanted = Isa::baseline;
    else if (isa && !std::strcmp(isa, "avx2") && has_avx2()) wanted = Isa::avx2;
    else if (isa && !std::strcmp(isa, "avx512") && has_avx512()) wanted = Isa::avx512;
    else if (isa) return false;
    chosen() = wanted;
    return true;
}

}  // namespace moonlet::ops
