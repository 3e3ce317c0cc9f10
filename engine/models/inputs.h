// SPDX-License-Identifier: Apache-2.0
// What every family does with a ModelInput before its first layer: check it, bring it to the
// device, fill in the positions and make the attention mask that all layers share.
#pragma once

#include "models/model.h"
#include "ops/attention.h"

namespace moonlet {

struct PreparedInput {
    at::Tensor ids;        // int64 [B, T] on the model's device
    at::Tensor positions;  // int64 [B, T], or [1, T] when all rows have the same
    ops::AttentionMask mask;
    Cache* cache = nullptr;
    int64_t past = 0;
};

// Error: ids that are not int64 [B, T] with T > 0, a mask or document ids of another shape, a cache
// for an encoder.
PreparedInput prepare(const ModelInput& input, bool causal, const Parameters& parameters);

}  // namespace moonlet
