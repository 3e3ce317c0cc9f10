// SPDX-License-Identifier: Apache-2.0
// The CUDA kernel that takes one id of each row of logits, on raw device pointers: nothing comes
// back to the host but ids. Filters are those of generation/sampler.h in its order (temperature,
// top_k with ties, top_p, min_p), except that ids of equal logits stay or go together at the border
// of top_p. The draw is the exponential trick: the id with the largest p / e, e = -log(u), where u
// is uniform_of(seed, step, id); its id is distributed as p, and no sum over the row is
// needed in order.
#pragma once

#include "ops/cuda/element.h"
#include "ops/cuda/uniform.h"

namespace moonlet::ops::cuda {

struct Sampling {
    const void* logits;  // [B, V] of the element type
    uint64_t* state;     // [B, 2]: seed and step; the step is advanced, also where nothing is drawn
    int64_t* ids;        // [B]: the id; -1 where the likeliest logit is NaN or not finite
    int64_t batch, vocab;
    float temperature;  // 0: the likeliest, the lowest id among equals
    int64_t top_k;      // 0: all
    float top_p, min_p;
};
// Asynchronous on `stream`; returns the launch's error.
cudaError_t sample(const Sampling& call, Element element, cudaStream_t stream);

}  // namespace moonlet::ops::cuda
