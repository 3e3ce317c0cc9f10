// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/multiply.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <vector>

#include "ops/cpu/pool.h"

namespace moonlet::cpu {

namespace {

inline void put(float* to, const float* from, int64_t n) {
    std::memcpy(to, from, size_t(n) * sizeof(float));
}
inline void put(uint16_t* to, const float* from, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const uint32_t bits = std::bit_cast<uint32_t>(from[i]);
        const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        to[i] = uint16_t((bits & 0x7fffffff) > 0x7f800000u ? bits >> 16 | 64 : rounded);
    }
}

// Columns computed at a time into a scratch that stays in the cache, before bias and rounding.
constexpr int64_t kScratch = 1 << 15;

template <class T>
void multiply_all(const RowWeights& weights, const Rows& x, T* y) {
    const int64_t out = weights.out_features();
    const int64_t step =
        std::clamp<int64_t>(kScratch / std::max<int64_t>(x.count, 1) / 16 * 16, 64, 2048);
    const float* bias = weights.bias();
    // Work of a few microseconds is done before another thread has heard of it.
    const int64_t products = x.count * x.width * out;
    const int most = products < (1 << 16) ? 1 : 1 << 20;
    std::atomic<int64_t> next{0};
    together(
        [&](Team& team) {
            // Parts as large as a scratch, smaller where that would leave threads without.
            const int64_t share = (out + team.size * 4 * 16 - 1) / (team.size * 4 * 16) * 16;
            const int64_t mine = std::clamp<int64_t>(share, 16, step);
            thread_local std::vector<float> scratch;
            scratch.resize(size_t(std::max<int64_t>(x.count * mine, 1)));
            for (int64_t begin; (begin = next.fetch_add(mine, std::memory_order_relaxed)) < out;) {
                const int64_t end = std::min(out, begin + mine), n = end - begin;
                weights.multiply(x, begin, end, scratch.data(), mine);
                for (int64_t row = 0; row < x.count; ++row) {
                    float* from = scratch.data() + row * mine;
                    if (bias)
                        for (int64_t i = 0; i < n; ++i) from[i] += bias[begin + i];
                    put(y + row * out + begin, from, n);
                }
            }
        },
        most);
}

}  // namespace

void multiply(const RowWeights& weights, const Rows& x, float* y) { multiply_all(weights, x, y); }
void multiply(const RowWeights& weights, const Rows& x, uint16_t* y) {
    multiply_all(weights, x, y);
}

}  // namespace moonlet::cpu
