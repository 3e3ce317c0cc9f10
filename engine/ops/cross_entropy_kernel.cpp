// SPDX-License-Identifier: Apache-2.0
// A row is read three times, out of the cache: its maximum, the sum of exponentials, the gradient.
#include "ops/cross_entropy_kernel.h"

#include <cmath>
#include <limits>

#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

// The row's value at i as a number, and the number there.
float number(const float* row, int64_t i) { return row[i]; }
float number(const uint16_t* row, int64_t i) {
    const uint32_t word = uint32_t(row[i]) << 16;
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
}

template <class T>
struct Loss {
    static MOONLET_INLINE void run(const T* logits, const int64_t* targets, float* loss,
                                   T* gradient, int64_t rows, int64_t vocab) {
        for (int64_t r = 0; r < rows; ++r, logits += vocab) {
            const Floats lowest = Floats{} - std::numeric_limits<float>::infinity();
            const int64_t whole = vocab / kLanes * kLanes;
            Floats high = lowest;
            for (int64_t i = 0; i < whole; i += kLanes) {
                const Floats v = load(logits + i);
                high = v > high ? v : high;
            }
            float most = greatest(high);
            for (int64_t i = whole; i < vocab; ++i) most = std::fmax(most, number(logits, i));
            Floats sums = {};
            for (int64_t i = 0; i < whole; i += kLanes)
                sums += exponential(load(logits + i) - most);
            float total = sum(sums);
            for (int64_t i = whole; i < vocab; ++i) total += std::exp(number(logits, i) - most);
            const float log_total = most + std::log(total);
            const int64_t target = targets[r];
            const float wanted = number(logits, target);
            loss[r] = log_total - wanted;
            if (!gradient) continue;
            each(vocab, [&](Place p) MOONLET_INLINED {
                p.store(gradient, exponential(p.load(logits) - log_total));
            });
            Floats one = {};
            one[0] = std::exp(wanted - log_total) - 1.0f;
            store_part(gradient + target, 1, one);
            gradient += vocab;
        }
    }
};

}  // namespace

void loss_rows(const float* logits, const int64_t* targets, float* loss, float* gradient,
               int64_t rows, int64_t vocab) {
    widest<Loss<float>>(logits, targets, loss, gradient, rows, vocab);
}

void loss_rows(const uint16_t* logits, const int64_t* targets, float* loss, uint16_t* gradient,
               int64_t rows, int64_t vocab) {
    widest<Loss<uint16_t>>(logits, targets, loss, gradient, rows, vocab);
}

}  // namespace moonlet::ops
