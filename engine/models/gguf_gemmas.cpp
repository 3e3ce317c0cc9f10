// SPDX-License-Identifier: Apache-2.0
// Gemma: norms multiply by 1 + weight, and the file holds the sum.
#include "models/gguf_families.h"

namespace moonlet {

namespace {

constexpr GgufMove kNorm = GgufMove::plus_one;

GgufFamily gemma() {
    return {.architecture = "gemma",
            .model_type = "gemma",
            .hf_class = "GemmaForCausalLM",
            .prefix = "model.",
            .keys = llama_keys(),
            .tensors = joined_rows(joined_rows(ends_of_llama(kNorm), norms_of_llama(kNorm)),
                                   joined_rows(attention_of_llama(false), mlp_of_llama())),
            .fixed = {{"hidden_act", "gelu_pytorch_tanh"},
                      {"attention_bias", false},
                      {"tie_word_embeddings", true}},
            .rope_theta = 10000};
}

// Norms before and after attention and feed-forward, layers with and without a window in turns.
GgufFamily gemma2() {
    GgufFamily f = gemma();
    f.architecture = f.model_type = "gemma2";
    f.hf_class = "Gemma2ForCausalLM";
    f.keys.push_back(
        {"attention.sliding_window", "sliding_window", GgufKeyRow::whole, false, 4096});
    f.keys.push_back(
        {"attn_logit_softcapping", "attn_logit_softcapping", GgufKeyRow::real, false, 50.0});
    f.keys.push_back(
        {"final_logit_softcapping", "final_logit_softcapping", GgufKeyRow::real, false, 30.0});
    const std::string hf = "model.layers.{i}.", gguf = "blk.{i}.";
    f.tensors = joined_rows(
        joined_rows(
            ends_of_llama(kNorm),
            {{hf + "input_layernorm.weight", {gguf + "attn_norm.weight"}, kNorm},
             {hf + "post_attention_layernorm.weight", {gguf + "post_attention_norm.weight"}, kNorm},
             {hf + "pre_feedforward_layernorm.weight", {gguf + "ffn_norm.weight"}, kNorm},
             {hf + "post_feedforward_layernorm.weight", {gguf + "post_ffw_norm.weight"}, kNorm}}),
        joined_rows(attention_of_llama(false), mlp_of_llama()));
    f.fixed = {{"hidden_activation", "gelu_pytorch_tanh"},
               {"attention_bias", false},
               {"tie_word_embeddings", true}};
    f.window_period = 2;
    f.scalar_layers = 46;
    return f;
}

GgufFamily gemma3() {
    GgufFamily f = gemma2();
    f.architecture = "gemma3";
    f.model_type = "gemma3_text";
    f.hf_class = "Gemma3ForCausalLM";
    f.keys.erase(f.keys.end() - 2, f.keys.end());
    f.keys.push_back({"final_logit_softcapping", "final_logit_softcapping", GgufKeyRow::real});
    f.tensors = joined_rows(f.tensors, head_norms(kNorm));
    f.fixed.pop_back();  // a head of its own is allowed
    f.rope_theta = 1000000;
    f.local_theta = 10000;
    f.window_period = 6;
    f.scalar_layers = 62;
    return f;
}

}  // namespace

std::vector<GgufFamily> gguf_gemmas() { return {gemma(), gemma2(), gemma3()}; }

}  // namespace moonlet
