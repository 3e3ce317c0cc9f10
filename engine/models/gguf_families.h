// SPDX-License-Identifier: Apache-2.0
// The rows of gguf_names, by kind of network, and what several kinds share. Only gguf_names.cpp
// and the files that hold the rows include this.
#pragma once

#include <vector>

#include "models/gguf_names.h"

namespace moonlet {

std::vector<GgufFamily> gguf_llamas();    // llama and what shares its shape
std::vector<GgufFamily> gguf_gemmas();    // norms of 1 + weight
std::vector<GgufFamily> gguf_decoders();  // decoders with a shape of their own
std::vector<GgufFamily> gguf_experts();   // mixtures of experts
std::vector<GgufFamily> gguf_encoders();  // bert and its kin

// The keys that most decoders have; `eps`, `heads` and so on where families differ in the key.
inline std::vector<GgufKeyRow> decoder_keys(const char* context = "max_position_embeddings") {
    return {{"block_count", "num_hidden_layers", GgufKeyRow::whole, true},
            {"context_length", context, GgufKeyRow::whole, true},
            {"embedding_length", "hidden_size", GgufKeyRow::whole, true},
            {"feed_forward_length", "intermediate_size", GgufKeyRow::whole, true},
            {"attention.head_count", "num_attention_heads", GgufKeyRow::whole, true}};
}

// What llama-like decoders have beyond that.
inline std::vector<GgufKeyRow> llama_keys(double eps = 1e-6) {
    std::vector<GgufKeyRow> rows = decoder_keys();
    rows.push_back({"attention.head_count_kv", "num_key_value_heads", GgufKeyRow::whole});
    rows.push_back(
        {"attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufKeyRow::real, true, eps});
    rows.push_back({"attention.key_length", "head_dim", GgufKeyRow::whole});
    return rows;
}

template <class T>
std::vector<T> joined_rows(std::vector<T> first, const std::vector<T>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

// Embedding, last norm and head, as nearly all decoders call them.
inline std::vector<GgufTensorRow> ends_of_llama(GgufMove norm = GgufMove::same) {
    return {{"model.embed_tokens.weight", {"token_embd.weight"}},
            {"model.norm.weight", {"output_norm.weight"}, norm},
            {"lm_head.weight", {"output.weight"}}};
}

// q, k, v and the output projection; `rotary`: llama.cpp turns neighbours, the checkpoint halves.
inline std::vector<GgufTensorRow> attention_of_llama(bool rotary) {
    const std::string hf = "model.layers.{i}.self_attn.", gguf = "blk.{i}.attn_";
    return {
        {hf + "q_proj.*", {gguf + "q.*"}, rotary ? GgufMove::rotary_q : GgufMove::same},
        {hf + "k_proj.*", {gguf + "k.*"}, rotary ? GgufMove::rotary_k : GgufMove::same},
        {hf + "v_proj.*", {gguf + "v.*"}},
        {hf + "o_proj.*", {gguf + "output.*"}},
        {hf + "q_proj.*", {gguf + "qkv.*"}, rotary ? GgufMove::part_q_rotary : GgufMove::part_q},
        {hf + "k_proj.*", {gguf + "qkv.*"}, rotary ? GgufMove::part_k_rotary : GgufMove::part_k},
        {hf + "v_proj.*", {gguf + "qkv.*"}, GgufMove::part_v}};
}

inline std::vector<GgufTensorRow> mlp_of_llama() {
    const std::string hf = "model.layers.{i}.mlp.", gguf = "blk.{i}.ffn_";
    return {{hf + "gate_proj.*", {gguf + "gate.*"}},
            {hf + "up_proj.*", {gguf + "up.*"}},
            {hf + "down_proj.*", {gguf + "down.*"}}};
}

inline std::vector<GgufTensorRow> norms_of_llama(GgufMove move = GgufMove::same) {
    return {
        {"model.layers.{i}.input_layernorm.weight", {"blk.{i}.attn_norm.weight"}, move},
        {"model.layers.{i}.post_attention_layernorm.weight", {"blk.{i}.ffn_norm.weight"}, move}};
}

inline std::vector<GgufTensorRow> head_norms(GgufMove move = GgufMove::same) {
    return {{"model.layers.{i}.self_attn.q_norm.weight", {"blk.{i}.attn_q_norm.weight"}, move},
            {"model.layers.{i}.self_attn.k_norm.weight", {"blk.{i}.attn_k_norm.weight"}, move}};
}

inline std::vector<GgufTensorRow> llama_tensors(bool rotary) {
    return joined_rows(joined_rows(ends_of_llama(), norms_of_llama()),
                       joined_rows(attention_of_llama(rotary), mlp_of_llama()));
}

inline std::vector<GgufFlagRow> llama_flags() {
    return {{"attention_bias", "blk.0.attn_q.bias"}, {"mlp_bias", "blk.0.ffn_gate.bias"}};
}

}  // namespace moonlet
