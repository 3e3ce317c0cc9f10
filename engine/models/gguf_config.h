// SPDX-License-Identifier: Apache-2.0
// A network's config.json and its GGUF metadata, each from the other, by the rows of gguf_names.
#pragma once

#include <string>
#include <vector>

#include "formats/gguf_write.h"
#include "models/gguf_model.h"
#include "models/model.h"

namespace moonlet {

// config.json as transformers would have written it. Error: a key that is missing or of another
// type.
Json config_from_gguf(const GgufModel& model);
// The architecture's entries. Error naming the key: config.json asks for something that llama.cpp
// computes in one way only, and not in this one.
std::vector<GgufEntry> config_to_gguf(const Model& model, const GgufFamily& family);
// What moving its tensors takes.
GgufSizes gguf_sizes(const Json& config, const GgufFamily& family);

// The number that is written shortest among those of this float: 1e-5, not 9.99999974e-06.
double shortest(float value);

}  // namespace moonlet
