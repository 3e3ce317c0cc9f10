// SPDX-License-Identifier: Apache-2.0
#include "models/gguf_types.h"

#include "core/error.h"

namespace moonlet {

namespace {

bool has(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

// The layers at both ends and every third between, which lose most by few bits.
bool more_bits(int64_t layer, int64_t layers) {
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

// A type whose blocks fit into the rows.
GgmlType fitting(GgmlType type, int64_t columns) {
    auto fits = [&](GgmlType t) { return columns % int64_t(ggml_block_size(t)) == 0; };
    if (fits(type)) return type;
    if (type != GgmlType::Q8_0 && fits(GgmlType::Q8_0) && ggml_block_size(type) > 32)
        return GgmlType::Q8_0;
    return GgmlType::F16;
}

bool always_f32(const GgufTypeQuestion& t) {
    if (t.shape.size() < 2 || !t.name.ends_with(".weight") || t.name.ends_with("_norm.weight"))
        return true;
    return has(t.name, "ffn_gate_inp.weight") || t.name == "position_embd.weight" ||
           t.name == "token_types.weight";
}

}  // namespace

const std::vector<GgufFileType>& gguf_file_types() {
    static const std::vector<GgufFileType> types = {
        {"f32", GgmlType::F32, 0},    {"f16", GgmlType::F16, 1},   {"bf16", GgmlType::BF16, 32},
        {"q8_0", GgmlType::Q8_0, 7},  {"q4_0", GgmlType::Q4_0, 2}, {"q4_1", GgmlType::Q4_1, 3},
        {"q4_k", GgmlType::Q4_K, 15}, {"q6_k", GgmlType::Q6_K, 18}};
    return types;
}

const GgufFileType& gguf_file_type(const std::string& name) {
    std::string known;
    for (const GgufFileType& type : gguf_file_types()) {
        if (name == type.name) return type;
        known += (known.empty() ? "" : ", ") + std::string(type.name);
    }
    throw Error("GGUF type " + quote(name), "one of " + known);
}

GgmlType gguf_tensor_type(const GgufTypeQuestion& t, const GgufFileType& file) {
    if (always_f32(t)) return GgmlType::F32;
    GgmlType type = file.type;
    if (ggml_block_size(type) == 1) return type;
    const int64_t columns = t.shape.back();
    if (t.name == "output.weight" || (t.tied && t.name == "token_embd.weight")) {
        if (columns % int64_t(ggml_block_size(type)) != 0) type = GgmlType::Q8_0;
        else if (type != GgmlType::Q8_0) type = GgmlType::Q6_K;
    } else if (has(t.name, ".attn_v.") || has(t.name, ".attn_qkv.")) {
        if (type == GgmlType::Q4_K && more_bits(t.layer, t.layers)) type = GgmlType::Q6_K;
        if (t.experts == 8) type = GgmlType::Q8_0;
    } else if (has(t.name, ".attn_k.")) {
        if (t.experts == 8) type = GgmlType::Q8_0;
    } else if (has(t.name, ".ffn_down")) {
        if (type == GgmlType::Q4_K && more_bits(t.layer, t.layers)) type = GgmlType::Q6_K;
    } else if (has(t.name, ".attn_output.")) {
        if (type == GgmlType::Q4_K && t.experts == 8) type = GgmlType::Q6_K;
    }
    return fitting(type, columns);
}

}  // namespace moonlet
