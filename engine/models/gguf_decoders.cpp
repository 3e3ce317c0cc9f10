// SPDX-License-Identifier: Apache-2.0
// Decoders whose tensors are their own: GPT-2, GPT-NeoX, Phi-3, OLMo 2.
#include "models/gguf_families.h"

namespace moonlet {

namespace {

GgufFamily gpt2() {
    const std::string hf = "transformer.h.{i}.", gguf = "blk.{i}.";
    return {.architecture = "gpt2",
            .model_type = "gpt2",
            .hf_class = "GPT2LMHeadModel",
            .prefix = "transformer.",
            .keys = {{"block_count", "n_layer", GgufKeyRow::whole, true},
                     {"context_length", "n_positions", GgufKeyRow::whole, true},
                     {"embedding_length", "n_embd", GgufKeyRow::whole, true},
                     {"feed_forward_length", "n_inner", GgufKeyRow::whole, true},
                     {"attention.head_count", "n_head", GgufKeyRow::whole, true, 12},
                     {"attention.layer_norm_epsilon", "layer_norm_epsilon", GgufKeyRow::real, true,
                      1e-5}},
            .tensors =
                {{"transformer.wte.weight", {"token_embd.weight"}},
                 {"transformer.wpe.weight", {"position_embd.weight"}},
                 {"transformer.ln_f.*", {"output_norm.*"}},
                 {"lm_head.weight", {"output.weight"}},
                 {hf + "ln_1.*", {gguf + "attn_norm.*"}},
                 {hf + "ln_2.*", {gguf + "ffn_norm.*"}},
                 {hf + "attn.c_attn.weight", {gguf + "attn_qkv.weight"}, GgufMove::transposed},
                 {hf + "attn.c_attn.bias", {gguf + "attn_qkv.bias"}},
                 {hf + "attn.c_proj.weight", {gguf + "attn_output.weight"}, GgufMove::transposed},
                 {hf + "attn.c_proj.bias", {gguf + "attn_output.bias"}},
                 {hf + "mlp.c_fc.weight", {gguf + "ffn_up.weight"}, GgufMove::transposed},
                 {hf + "mlp.c_fc.bias", {gguf + "ffn_up.bias"}},
                 {hf + "mlp.c_proj.weight", {gguf + "ffn_down.weight"}, GgufMove::transposed},
                 {hf + "mlp.c_proj.bias", {gguf + "ffn_down.bias"}}},
            .fixed = {{"activation_function", "gelu_new"},
                      {"scale_attn_weights", true},
                      {"scale_attn_by_inverse_layer_idx", false}}};
}

GgufFamily gpt_neox() {
    const std::string hf = "gpt_neox.layers.{i}.", gguf = "blk.{i}.";
    return {
        .architecture = "gptneox",
        .model_type = "gpt_neox",
        .hf_class = "GPTNeoXForCausalLM",
        .prefix = "gpt_neox.",
        .keys = joined_rows(
            decoder_keys(),
            {{"attention.layer_norm_epsilon", "layer_norm_eps", GgufKeyRow::real, true, 1e-5},
             {"use_parallel_residual", "use_parallel_residual", GgufKeyRow::boolean, true, true}}),
        .tensors = {{"gpt_neox.embed_in.weight", {"token_embd.weight"}},
                    {"gpt_neox.final_layer_norm.*", {"output_norm.*"}},
                    {"embed_out.weight", {"output.weight"}},
                    {hf + "input_layernorm.*", {gguf + "attn_norm.*"}},
                    {hf + "post_attention_layernorm.*", {gguf + "ffn_norm.*"}},
                    {hf + "attention.query_key_value.*",
                     {gguf + "attn_qkv.*"},
                     GgufMove::qkv_by_head},
                    {hf + "attention.dense.*", {gguf + "attn_output.*"}},
                    {hf + "mlp.dense_h_to_4h.*", {gguf + "ffn_up.*"}},
                    {hf + "mlp.dense_4h_to_h.*", {gguf + "ffn_down.*"}}},
        .fixed = {{"hidden_act", "gelu"}, {"attention_bias", true}},
        .rope_theta = 10000,
        .rope_share = 0.25,
        .head_needed = true};
}

GgufFamily phi3() {
    const std::string hf = "model.layers.{i}.", gguf = "blk.{i}.";
    std::vector<GgufKeyRow> keys = llama_keys(1e-5);
    keys.pop_back();  // the head's size follows from the others
    keys.push_back({"attention.sliding_window", "sliding_window", GgufKeyRow::whole, false, 0});
    keys.push_back({"rope.scaling.original_context_length", "original_max_position_embeddings",
                    GgufKeyRow::whole, false, 4096});
    return {.architecture = "phi3",
            .model_type = "phi3",
            .hf_class = "Phi3ForCausalLM",
            .prefix = "model.",
            .keys = keys,
            .tensors = joined_rows(
                joined_rows(ends_of_llama(), norms_of_llama()),
                {{hf + "self_attn.qkv_proj.weight", {gguf + "attn_qkv.weight"}},
                 {hf + "self_attn.qkv_proj.weight",
                  {gguf + "attn_q.weight", gguf + "attn_k.weight", gguf + "attn_v.weight"},
                  GgufMove::joined},
                 {hf + "self_attn.o_proj.weight", {gguf + "attn_output.weight"}},
                 {hf + "mlp.gate_up_proj.weight", {gguf + "ffn_up.weight"}},
                 {hf + "mlp.down_proj.weight", {gguf + "ffn_down.weight"}}}),
            .fixed = {{"hidden_act", "silu"}},
            .rope_theta = 10000};
}

// Norms behind attention and feed-forward alone.
GgufFamily olmo2() {
    const std::string hf = "model.layers.{i}.", gguf = "blk.{i}.";
    std::vector<GgufKeyRow> keys = llama_keys(1e-5);
    keys.pop_back();
    return {
        .architecture = "olmo2",
        .model_type = "olmo2",
        .hf_class = "Olmo2ForCausalLM",
        .prefix = "model.",
        .keys = keys,
        .tensors = joined_rows(
            joined_rows(ends_of_llama(), head_norms()),
            joined_rows(
                joined_rows(attention_of_llama(false), mlp_of_llama()),
                {{hf + "post_attention_layernorm.weight", {gguf + "post_attention_norm.weight"}},
                 {hf + "post_feedforward_layernorm.weight", {gguf + "post_ffw_norm.weight"}}})),
        .fixed = {{"hidden_act", "silu"}},
        .flags = {{"attention_bias", "blk.0.attn_q.bias"}},
        .rope_theta = 10000,
        .head_needed = true};
}

}  // namespace

std::vector<GgufFamily> gguf_decoders() { return {gpt2(), gpt_neox(), phi3(), olmo2()}; }

}  // namespace moonlet
