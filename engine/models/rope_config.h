// SPDX-License-Identifier: Apache-2.0
// How config.json describes rotary embeddings: `rope_theta` and `rope_scaling` at the top
// (transformers 4), or both inside `rope_parameters` (transformers 5), there for all layers alike
// or for each type of layer. Read as transformers 5 reads either.
#pragma once

#include "formats/config.h"
#include "ops/rope.h"

namespace moonlet {

// What a family says where its config.json is silent.
struct RopeDefaults {
    double theta = 10000.0;
    double partial = 1.0;         // share of a head that turns
    int64_t original = 0;         // the original context where the config's top says none; 0: what
                                  // the scaling says
    bool may_be_partial = false;  // whether the family reads partial_rotary_factor at all
};

// Types "default", "linear", "dynamic", "yarn", "longrope" (of old, "su") and "llama3".
// `max_positions`: the config's max_position_embeddings or its default, from which scalings count
// that name no original context. Error: another type, with these; a factor below 1.
ops::RopeOptions rope_options(const Config& config, int64_t head_dim, int64_t max_positions,
                              const RopeDefaults& defaults = {});
// The same from one object of parameters, such as that of one type of layer.
ops::RopeOptions rope_options(const Config& config, const Config& parameters, int64_t head_dim,
                              int64_t max_positions, const RopeDefaults& defaults);

// How many positions a text may have: more than max_position_embeddings where that is the context
// before scaling, as in the files that had a scaling added by hand.
int64_t scaled_context(const ops::RopeOptions& rope, int64_t max_positions);

}  // namespace moonlet
