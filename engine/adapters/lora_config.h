// SPDX-License-Identifier: Apache-2.0
// What an adapter is: rank, scale, which layers. The same facts as peft's adapter_config.json
// (LoraConfig), read and written in its names. It knows module paths as text, no network.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/json.h"

namespace moonlet {

struct LoraConfig {
    int rank = 8;        // peft's defaults
    double alpha = 8;    // scale = alpha / rank, rslora: alpha / sqrt(rank) (Kalajdzievski 2023)
    double dropout = 0;  // of the adapter's input, while training
    bool rslora = false;
    bool all_linear = true;            // every Linear layer but the head
    std::vector<std::string> targets;  // else: last parts of module paths ("q_proj"), or whole ones
    std::string pattern;               // else: a regular expression over the whole path
    // Exceptions by regular expression over the path's end; the first that fits counts.
    std::vector<std::pair<std::string, int>> rank_pattern;
    std::vector<std::pair<std::string, double>> alpha_pattern;
    Json file;  // adapter_config.json it was read from; null for a new one

    // Error: a value out of range, a pattern that is no regular expression.
    void check() const;
    bool targets_module(const std::string& path, bool head) const;
    int rank_of(const std::string& path) const;
    double scale_of(const std::string& path) const;
    std::string targets_text() const;  // "all-linear", "q_proj, v_proj" or the pattern
};

// Error, naming the field: not a LoRA adapter, or one that does more than A and B on Linear layers
// (DoRA, modules_to_save, biases, changed base weights …), or a field of another type.
LoraConfig lora_config(const Json& adapter_config, const std::string& where);

// adapter_config.json: what it was read from with our values laid over. `targets` and `transposed`
// (fan_in_fan_out) say what the layers turned out to be.
Json adapter_config(const LoraConfig& config, const std::vector<std::string>& targets,
                    bool transposed, const std::string& base, bool causal);

}  // namespace moonlet
