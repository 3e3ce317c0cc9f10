// SPDX-License-Identifier: Apache-2.0
// Rotary positions as config.json says them and as a GGUF says them. Llama 3's scaling and the
// factors of longrope stand in tensors of the file (rope_freqs, rope_factors_long/short), the rest
// in metadata.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/gguf_write.h"
#include "models/gguf_model.h"

namespace moonlet {

// What config.json says of rotary positions, whichever transformers wrote it.
struct RopeWords {
    double theta = 10000, local_theta = 0;  // 0: layers of a window have no base of their own
    double share = 1;                       // of each head that turns
    Json scaling;                           // null, or an object with rope_type
};
RopeWords rope_words(const Json& config, const GgufFamily& family);

struct GgufRope {
    std::vector<GgufEntry> entries;  // with the architecture's name
    std::vector<std::pair<std::string, std::vector<float>>> tensors;
};
// Error: a kind of scaling that llama.cpp does not have.
GgufRope rope_to_gguf(const Json& config, const GgufFamily& family, int64_t head_dim,
                      int64_t max_positions);
// Sets rope_theta, rope_scaling and so on in `config`, which has the other keys already.
void rope_from_gguf(const GgufModel& model, Json& config);

// The keys of llama3's scaling that give these factors (to 1e-5), null when none do.
Json llama3_scaling(const std::vector<double>& factors, double theta);

}  // namespace moonlet
