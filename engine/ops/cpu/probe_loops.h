// SPDX-License-Identifier: Apache-2.0
// What the probes run, for one instruction set: reading, and dot products of registers.
#pragma once

#include "ops/cpu/lanes.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

// Reads all of [at, at + bytes), a multiple of 256; the result depends on every byte.
uint64_t read_all(const uint8_t* at, int64_t bytes) {
    Ints sums[4] = {no_ints(), no_ints(), no_ints(), no_ints()};
    for (int64_t i = 0; i < bytes; i += 256)
        for (int j = 0; j < 4; ++j) sums[j] = either(sums[j], load_ints(at + i + 64 * j));
    int32_t words[16];
    const Ints all = either(either(sums[0], sums[1]), either(sums[2], sums[3]));
    __builtin_memcpy(words, &all, 64);
    uint64_t total = 0;
    for (int32_t word : words) total += uint32_t(word);
    return total;
}

#ifdef __AVX512F__
constexpr int kSums = 12;  // enough to hide a product's latency, few enough for the registers
#else
constexpr int kSums = 4;
#endif

// rounds * kSums * 64 products of int8 with addition; in and out: 64 * (kSums + 1) bytes.
void products_q8(int64_t rounds, const uint8_t* in, float* out) {
    Ints sums[kSums];
    for (int i = 0; i < kSums; ++i) sums[i] = no_ints();
    const Codes codes = offset_codes(load_ints(in));
    for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < kSums; ++i)
            sums[i] = dot_offset(sums[i], codes, all_words(load_word(in + 64 + 4 * i)));
        __asm__ volatile("" : "+r"(in));  // or the loads would move out of the loop
    }
    for (int i = 0; i < kSums; ++i) store(out + 16 * i, to_floats(sums[i]));
}

void products_f32(int64_t rounds, const uint8_t* in, float* out) {
    Floats sums[kSums];
    for (int i = 0; i < kSums; ++i) sums[i] = zeros();
    const Floats x = as_floats(load_ints(in));
    for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < kSums; ++i)
            sums[i] = fma(x, as_floats(all_words(load_word(in + 64 + 4 * i))), sums[i]);
        __asm__ volatile("" : "+r"(in));  // or the loads would move out of the loop
    }
    for (int i = 0; i < kSums; ++i) store(out + 16 * i, sums[i]);
}

#ifdef __AVX512BF16__
void products_bf16(int64_t rounds, const uint8_t* in, float* out) {
    Floats sums[kSums];
    for (int i = 0; i < kSums; ++i) sums[i] = zeros();
    const Ints x = load_ints(in);
    for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < kSums; ++i)
            sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)x,
                                       (__m512bh)all_words(load_word(in + 64 + 4 * i)));
        __asm__ volatile("" : "+r"(in));  // or the loads would move out of the loop
    }
    for (int i = 0; i < kSums; ++i) store(out + 16 * i, sums[i]);
}
constexpr int64_t kBf16Products = 32;
#else
constexpr auto products_bf16 = products_f32;
constexpr int64_t kBf16Products = 16;
#endif

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
