// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/multiply.h"

#include <algorithm>
#include <vector>

#include "ops/cpu/pointwise.h"
#include "ops/cpu/pool.h"

namespace moonlet::cpu {

namespace {

// Columns computed at a time into a scratch that stays in the cache, before bias and rounding.
constexpr int64_t kScratch = 1 << 15;
constexpr int64_t kProducts = 1 << 16;

template <class T>
void multiply_all(const RowWeights& weights, const Rows& x, T* y) {
    const int64_t out = weights.out_features(), count = x.count;
    if (count == 0) return;
    const float* bias = weights.bias();
    // Parts as large as a scratch, smaller where that would leave threads without, but not so small
    // that a part is done before another thread has heard of it.
    const int64_t most = std::clamp<int64_t>(kScratch / count / 16 * 16, 64, 2048);
    const int64_t least = kProducts / (count * x.width + 1) / 16 * 16 + 16;
    const int64_t share = out / (threads() * 4) / 16 * 16 + 16;
    const int64_t step = std::min(std::max(share, least), most);
    run((out + step - 1) / step, [&](int64_t part) {
        const int64_t begin = part * step, end = std::min(out, begin + step), n = end - begin;
        thread_local std::vector<float> scratch;
        scratch.resize(size_t(count * step));
        weights.multiply(x, begin, end, scratch.data(), step);
        for (int64_t row = 0; row < x.count; ++row)
            add_bias(scratch.data() + row * step, bias ? bias + begin : nullptr, n,
                     y + row * out + begin);
    });
}

}  // namespace

void multiply(const RowWeights& weights, const Rows& x, float* y) { multiply_all(weights, x, y); }
void multiply(const RowWeights& weights, const Rows& x, uint16_t* y) {
    multiply_all(weights, x, y);
}

}  // namespace moonlet::cpu
