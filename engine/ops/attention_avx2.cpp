// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

namespace moonlet::ops {
namespace {
constexpr int64_t kVectors = 1;  // of 16 lanes, beside each other in a tile of sums
}
}  // namespace moonlet::ops

#include "ops/attention_tile.h"

namespace moonlet::ops {

const AttentionKernels& attention_avx2() {
    static const AttentionKernels kernels = {
        Attention<Wide, float>::forward, Attention<Wide, uint16_t>::forward,
        Attention<Wide, float>::backward, Attention<Wide, uint16_t>::backward};
    return kernels;
}

}  // namespace moonlet::ops
