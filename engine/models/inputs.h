// SPDX-License-Identifier: Apache-2.0
// What every family does with a ModelInput before its first layer: check it, bring it to the
// device, fill in the positions and make the attention masks that all layers share.
#pragma once

#include "models/model.h"
#include "ops/attention.h"
#include "ops/rope.h"

namespace moonlet {

struct PreparedInput {
    at::Tensor ids;        // int64 [B, T] on the model's device
    at::Tensor positions;  // int64 [B, T], or [1, T] when all rows have the same
    ops::AttentionMask mask;
    ops::AttentionMask sliding;     // the same inside the window, for layers that have one
    at::Tensor documents, lengths;  // as given, on the device
    Cache* cache = nullptr;
    int64_t past = 0;
    int64_t window = 0;  // of `sliding`
    // Whether each row's real positions stand at its end and nothing else is hidden from anyone:
    // counted[b] of them, this call's included; empty: all.
    bool in_line = false;
    std::vector<int64_t> counted;
};

// window: of the sliding mask, 0 when no layer asks for it. Error: ids that are not int64 [B, T]
// with T > 0, a mask or document ids of another shape, a cache for an encoder.
PreparedInput prepare(const ModelInput& input, bool causal, const Parameters& parameters,
                      int64_t window = 0);

// Where `layer` keeps its keys and values, for native code that stores this call's few positions
// itself and attends to all; nullptr: there is none, or the masks say more than the rows' lengths.
const KvPages* pages_of(const PreparedInput& input, int64_t layer);

// The angles of the input's positions; where they go by the text's length, each row and each
// document is a text of its own, so that what stands beside it changes nothing.
ops::Angles angles_of(const ops::Rope& rope, const PreparedInput& input, at::ScalarType dtype);

}  // namespace moonlet
