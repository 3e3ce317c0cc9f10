// SPDX-License-Identifier: Apache-2.0
// Layers by the names transformers gives them. A checkpoint may leave out the prefix that the class
// named in config.json adds ("transformer." of gpt2's published files), and adapters are written
// with it. Not a noun: for this room only.
#pragma once

#include <string>
#include <vector>

#include "models/model.h"

namespace moonlet {

// FNV-1a.
uint64_t name_hash(const std::string& name);

// "model.layers.0.self_attn.q_proj" for the layer of that name among the network's linears.
std::string module_path(const Model& network, const std::string& linear);
// Whether it is a head over vocabulary or labels, which "all-linear" leaves out.
bool is_head(const std::string& path);
// "score.weight", "classifier.bias": tensors of a classification head.
bool is_head_tensor(const std::string& name);
// "c_attn, c_fc, c_proj": what targets may name.
std::string last_parts(Model& network);
// The name of the linear that a path of an adapter's file means: the same path, or the only one of
// which one is the end of the other. "" when there is none.
std::string linear_for(Model& network, const std::string& path);

// The tensor a linear's weight is stored in, as the checkpoint has it.
at::Tensor stored_weight(Model& network, const std::string& linear);
size_t index_of(const std::vector<Parameters::NamedLinear>& linears, const std::string& name);

}  // namespace moonlet
