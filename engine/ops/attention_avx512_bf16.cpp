// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include <cstdint>

namespace moonlet::ops {
namespace {
constexpr int64_t kVectors = 4;  // of 16 lanes, beside each other in a tile of sums
}
}  // namespace moonlet::ops

#include "ops/attention_tile.h"

namespace moonlet::ops {

namespace {

// Two bf16 an element: dot products of pairs, summed in f32.
struct Pairs {
    static constexpr int64_t kPerElement = 2;
    static MOONLET_INLINE Floats add(const Floats& sum, const Floats& b, uint32_t a) {
        return (Floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(int(a)),
                                        (__m512bh)b);
    }
};

}  // namespace

const AttentionKernels& attention_avx512_bf16() {
    static const AttentionKernels kernels = {
        Attention<Wide, float>::forward, Attention<Pairs, uint16_t>::forward,
        Attention<Wide, float>::backward, Attention<Pairs, uint16_t>::backward};
    return kernels;
}

}  // namespace moonlet::ops
