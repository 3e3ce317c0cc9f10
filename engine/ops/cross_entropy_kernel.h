// SPDX-License-Identifier: Apache-2.0
// The CPU kernel of the loss on rows of logits, see lanes.h. No tensors, no threads.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// For `rows` contiguous rows of `vocab` logits: loss[row] = -log softmax(row)[target], in f32;
// with `gradient` (may be the logits) also softmax - one-hot, rounded to the logits' type. bf16 is
// passed as its 16 bits.
void loss_rows(const float* logits, const int64_t* targets, float* loss, float* gradient,
               int64_t rows, int64_t vocab);
void loss_rows(const uint16_t* logits, const int64_t* targets, float* loss, uint16_t* gradient,
               int64_t rows, int64_t vocab);

}  // namespace moonlet::ops
