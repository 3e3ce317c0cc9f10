// SPDX-License-Identifier: Apache-2.0
// Which type each tensor of a GGUF gets when a model is written in one, as llama.cpp's own
// converter and quantiser decide (llama-quant.cpp; "q4_k" is its Q4_K_M). Where llama.cpp would
// take Q5_0 or Q5_K, which we do not write, it is the next better one.
#pragma once

#include <string>
#include <vector>

#include "formats/gguf_quant.h"

namespace moonlet {

struct GgufFileType {
    const char* name;  // "q8_0"
    GgmlType type;     // of most tensors
    int number;        // general.file_type
};
const std::vector<GgufFileType>& gguf_file_types();
// Error: another name, with the list.
const GgufFileType& gguf_file_type(const std::string& name);

struct GgufTypeQuestion {
    std::string name;            // "blk.3.attn_v.weight"
    std::vector<int64_t> shape;  // outermost first
    int64_t layer = -1, layers = 0, experts = 0;
    bool tied = false;  // there is no output.weight: the embedding is the head, too
};
GgmlType gguf_tensor_type(const GgufTypeQuestion& tensor, const GgufFileType& file);

}  // namespace moonlet
