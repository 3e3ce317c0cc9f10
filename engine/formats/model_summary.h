// SPDX-License-Identifier: Apache-2.0
// What a model on disk is, from config.json and the headers of its weights alone: family, number of
// parameters, type and bytes. Opens no weight's content and knows no family. What is said here of a
// damaged model is why, not an exception: a list of models goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moonlet {

struct ModelSummary {
    std::string family;  // model_type of config.json, general.architecture of a GGUF; "" = unsaid
    int64_t parameters = 0;  // elements of all tensors
    int64_t bytes = 0;       // of the weights
    std::string dtype;       // the type that most bytes are in, "bf16", "Q4_K"
    std::string problem;     // why it cannot be loaded, "" = nothing speaks against it
};

// Of a folder with config.json, or a .gguf file. Nothing: it is neither.
std::optional<ModelSummary> summarize_model(const std::string& path);

// The names below `folder` that may be models, sorted: folders with a config.json and .gguf files.
std::vector<std::string> model_entries(const std::string& folder);

}  // namespace moonlet
