// SPDX-License-Identifier: Apache-2.0
// How config.json describes rotary embeddings: `rope_theta` and `rope_scaling` at the top
// (transformers 4), or both inside `rope_parameters` (transformers 5).
#pragma once

#include "formats/config.h"
#include "ops/rope.h"

namespace moonlet {

// Types "default", "linear" and "llama3". Error: another type, with these; a factor below 1.
ops::RopeOptions rope_options(const Config& config, int64_t head_dim);

}  // namespace moonlet
