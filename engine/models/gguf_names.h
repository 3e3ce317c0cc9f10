// SPDX-License-Identifier: Apache-2.0
// What a GGUF file calls the parts of each family: one row per tensor and per config key, read in
// both directions, so that no family's file knows GGUF. Source: llama.cpp's conversion scripts
// (which name and reshape a checkpoint's tensors) and its loaders (which keys a network needs). A
// family has rows here or it cannot be opened from, or written to, GGUF.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "formats/gguf.h"
#include "models/gguf_moves.h"

namespace moonlet {

// One metadata key and the key of config.json that says the same.
struct GgufKeyRow {
    enum Kind { whole, real, boolean };
    std::string key;     // behind "<architecture>."; as it is when it begins with "tokenizer."
    std::string config;  // a key of config.json; "": the file always says `absent`
    Kind kind = whole;
    bool needed = false;    // a file without it is broken
    Json absent = nullptr;  // transformers' default, written when config.json is silent; null: none
    std::string also = "";  // what other releases of transformers call it in config.json
    bool none = false;      // a file without it says null, not the default
};

// One tensor of the checkpoint, and the one or several of the file that hold its numbers. "{i}"
// stands for a layer, "{e}" for an expert; a final ".*" for .weight and .bias.
struct GgufTensorRow {
    std::string hf;
    std::vector<std::string> gguf;
    GgufMove move = GgufMove::same;
};

// Something llama.cpp always computes in one way: set in config.json when a file is read, and what
// config.json must say (or leave at transformers' default, `absent`) when one is written.
struct GgufFixedRow {
    std::string config;
    Json value;
    Json absent = nullptr;  // null: the value itself
};

// A switch of config.json that a file says by having a tensor.
struct GgufFlagRow {
    std::string config, tensor;
};

struct GgufFamily {
    std::string architecture;  // general.architecture
    std::string model_type;    // config.json's
    std::string hf_class;      // config.json's architectures
    std::string prefix;        // what a checkpoint may put before the names, or leave out
    std::vector<GgufKeyRow> keys;
    std::vector<GgufTensorRow> tensors;
    std::vector<GgufFixedRow> fixed = {};
    std::vector<GgufFlagRow> flags = {};
    // Tensors of a checkpoint that a GGUF has no place for and that its network runs without.
    std::vector<std::string> dropped = {};
    double rope_theta = 0;   // transformers' default; 0: positions are not rotary
    double local_theta = 0;  // that of layers with a window, where it is another; likewise
    double rope_share = 1;   // of each head that turns: transformers' default
    // Yarn's ramp between whole dimensions, as llama.cpp has it; the files of a family trained
    // without say nothing of it.
    bool yarn_truncates = true;
    // Layers of a sliding window: all but every n-th one, as llama.cpp assumes; 0: not by layers.
    int64_t window_period = 0;
    bool head_needed = false;  // llama.cpp wants output.weight even where the head is tied
    // query_pre_attn_scalar is the head's size, but in the model of this many layers
    // hidden / heads; 0: there is no such key.
    int64_t scalar_layers = 0;
    // Error: config.json asks for what no row can say.
    void (*check)(const Json& config, int64_t layers) = nullptr;
    // Several families may share an architecture: the one that moonlet.model_type names, which we
    // write, or else the first whose test holds.
    bool (*when)(const Gguf& file) = nullptr;
};

const std::vector<GgufFamily>& gguf_families();
// Error: another architecture, with the known ones.
const GgufFamily& gguf_family_of(const Gguf& file);
// Error: a family without rows, with those that have some.
const GgufFamily& gguf_family_of(const std::string& model_type);

}  // namespace moonlet
