// SPDX-License-Identifier: Apache-2.0
// Quantising while a network is opened: every Linear's weight of another source is packed as it is
// asked for, so that the whole network never stands in memory unpacked. Embeddings, norms, routers,
// biases and classification heads stay as they are; a head tied to the table of tokens is packed
// beside the table.
#pragma once

#include <memory>
#include <string>

#include "models/parameters.h"

namespace moonlet {

struct QuantOptions {
    // "int8", "int4", "nf4"; "none": quantised weights of a GGUF become plain numbers; "": as the
    // checkpoint has them.
    std::string type;
    int64_t group_size = 0;  // values that share a scale: 32, 64 or 128; 0: 32, for nf4 64
};

// Error: an unknown type or group size.
void check_quant(const QuantOptions& options);
std::shared_ptr<TensorSource> quantising(std::shared_ptr<TensorSource> source,
                                         const QuantOptions& options);

}  // namespace moonlet
