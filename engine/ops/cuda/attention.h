// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels of attention for one new token a row (decoding): the positions of the cache are
// split over blocks, whose partial results are then joined. On raw device pointers; lengths stand
// on the device, so that a captured graph serves every length.
#pragma once

#include "ops/cuda/element.h"

namespace moonlet::ops::cuda {

// q [B, H, D]; keys and values [B, Hkv, capacity, D]; lengths int32 [B], positions to attend to,
// the new one among them; out [B, H, D]; all contiguous, of one element type. A query head h looks
// at key head h / (H / Hkv).
struct DecodeAttention {
    const void *q, *keys, *values;
    void* out;
    const int32_t* lengths;
    float* workspace;  // decode_workspace() floats
    int64_t batch, heads, kv_heads, dim, capacity;
    int64_t window;  // a query sees so many positions, its own the last of them; 0: all
    float scale;
};

int64_t decode_splits(int64_t capacity);
int64_t decode_workspace(int64_t batch, int64_t heads, int64_t dim, int64_t capacity);

// Softmax and sums in f32. A row of length 0 gives zeros. A row's result does not depend on the
// others, nor on the capacity beyond its length. Asynchronous on `stream`; returns the launch's
// error. Invalid: D above 256, more than 16 query heads a key head, H no multiple of Hkv.
cudaError_t decode_attention(const DecodeAttention& call, Element element, cudaStream_t stream);

}  // namespace moonlet::ops::cuda
