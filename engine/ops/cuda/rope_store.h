// SPDX-License-Identifier: Apache-2.0
// The CUDA kernel that turns queries and keys by their positions and writes keys and values into
// the cache, on raw device pointers. Positions come from lengths on the device, so that a captured
// graph needs nothing from the host.
#pragma once

#include "ops/cuda/element.h"

namespace moonlet::ops::cuda {

// B rows of T new positions each; row b has lengths[b] positions in the cache, and the new ones go
// behind them. All contiguous:
//   q [B, T, heads, dim], turned in place; k and v [B, T, kv_heads, dim];
//   keys and values [B, kv_heads, capacity, dim]; inv_freq f32 [turning / 2]; lengths int32 [B].
// The first `turning` components of a head turn, i with i + turning / 2; cos and sin are multiplied
// by `magnitude` and rounded to the element type, products are summed in f32. Positions from
// `capacity` on are not written: the caller sees to it that there is room.
struct RopeStore {
    void* q;
    const void *k, *v;
    void *keys, *values;
    const float* inv_freq;
    const int32_t* lengths;
    int64_t batch, count, heads, kv_heads, dim, turning, capacity;
    float magnitude;
};
// Asynchronous on `stream`; returns the launch's error. Invalid: turning odd or above dim.
cudaError_t rope_store(const RopeStore& call, Element element, cudaStream_t stream);

}  // namespace moonlet::ops::cuda
