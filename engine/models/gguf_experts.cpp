// SPDX-License-Identifier: Apache-2.0
// Mixtures of experts: the file stacks what a checkpoint may keep one by one.
#include "models/gguf_families.h"

namespace moonlet {

namespace {

// llama.cpp runs it as llama; older files hold each expert alone.
GgufFamily mixtral() {
    const std::string hf = "model.layers.{i}.block_sparse_moe.", gguf = "blk.{i}.ffn_";
    std::vector<GgufTensorRow> experts = {{hf + "gate.weight", {gguf + "gate_inp.weight"}}};
    const char* names[][2] = {{"w1", "gate"}, {"w3", "up"}, {"w2", "down"}};
    for (auto [theirs, ours] : names) {
        const std::string each = hf + "experts.{e}." + theirs + ".weight", stack = gguf + ours;
        experts.push_back({each, {stack + "_exps.weight"}, GgufMove::experts});
        experts.push_back({each, {stack + ".{e}.weight"}});
    }
    return {.architecture = "llama",
            .model_type = "mixtral",
            .hf_class = "MixtralForCausalLM",
            .prefix = "model.",
            .keys = joined_rows(
                llama_keys(1e-5),
                {{"expert_count", "num_local_experts", GgufKeyRow::whole, true, 8},
                 {"expert_used_count", "num_experts_per_tok", GgufKeyRow::whole, true, 2},
                 {"attention.sliding_window", "sliding_window"}}),
            .tensors = joined_rows(joined_rows(ends_of_llama(), norms_of_llama()),
                                   joined_rows(attention_of_llama(true), experts)),
            .fixed = {{"hidden_act", "silu"}},
            .rope_theta = 1000000,
            .when = [](const Gguf& file) {
                const GgufValue* experts = file.find("llama.expert_count");
                return experts && experts->integer() > 0;
            }};
}

GgufFamily qwen3_moe() {
    const std::string hf = "model.layers.{i}.mlp.", gguf = "blk.{i}.ffn_";
    std::vector<GgufTensorRow> experts = {{hf + "gate.weight", {gguf + "gate_inp.weight"}}};
    for (const std::string name : {"gate", "up", "down"})
        experts.push_back({hf + "experts.{e}." + name + "_proj.weight",
                           {gguf + name + "_exps.weight"},
                           GgufMove::experts});
    return {.architecture = "qwen3moe",
            .model_type = "qwen3_moe",
            .hf_class = "Qwen3MoeForCausalLM",
            .prefix = "model.",
            .keys = joined_rows(
                llama_keys(),
                {{"expert_count", "num_experts", GgufKeyRow::whole, true, 128, "num_local_experts"},
                 {"expert_used_count", "num_experts_per_tok", GgufKeyRow::whole, true, 8},
                 {"expert_feed_forward_length", "moe_intermediate_size", GgufKeyRow::whole, false,
                  768}}),
            .tensors = joined_rows(
                joined_rows(joined_rows(ends_of_llama(), norms_of_llama()), head_norms()),
                joined_rows(attention_of_llama(false), experts)),
            .fixed = {{"hidden_act", "silu"},
                      {"norm_topk_prob", true, false},
                      {"decoder_sparse_step", 1},
                      {"mlp_only_layers", Json::array()},
                      {"use_sliding_window", false}},
            .flags = {{"attention_bias", "blk.0.attn_q.bias"}},
            .rope_theta = 10000};
}

GgufFamily gpt_oss() {
    const std::string hf = "model.layers.{i}.", gguf = "blk.{i}.";
    const std::string experts = hf + "mlp.experts.", stack = gguf + "ffn_";
    return {
        .architecture = "gpt-oss",
        .model_type = "gpt_oss",
        .hf_class = "GptOssForCausalLM",
        .prefix = "model.",
        .keys = joined_rows(
            llama_keys(1e-5),
            {{"expert_count", "num_local_experts", GgufKeyRow::whole, true, 128},
             {"expert_used_count", "num_experts_per_tok", GgufKeyRow::whole, true, 4},
             {"expert_feed_forward_length", "intermediate_size"},
             {"attention.sliding_window", "sliding_window", GgufKeyRow::whole, true, 128}}),
        .tensors = joined_rows(
            joined_rows(ends_of_llama(), attention_of_llama(false)),
            {{hf + "input_layernorm.weight", {gguf + "attn_norm.weight"}},
             {hf + "post_attention_layernorm.weight", {gguf + "post_attention_norm.weight"}},
             {hf + "self_attn.sinks", {gguf + "attn_sinks.weight"}},
             {hf + "mlp.router.*", {stack + "gate_inp.*"}},
             {experts + "gate_up_proj",
              {stack + "gate_exps.weight", stack + "up_exps.weight"},
              GgufMove::gate_up_in_turns},
             {experts + "gate_up_proj_bias",
              {stack + "gate_exps.bias", stack + "up_exps.bias"},
              GgufMove::bias_in_turns},
             {experts + "down_proj", {stack + "down_exps.weight"}, GgufMove::experts_transposed},
             {experts + "down_proj_bias", {stack + "down_exps.bias"}}}),
        .fixed = {{"hidden_act", "silu"},
                  {"attention_bias", true},
                  {"swiglu_alpha", 1.702},
                  {"swiglu_limit", 7.0}},
        .rope_theta = 150000,
        .yarn_truncates = false,
        .window_period = 2,
        .head_needed = true};
}

}  // namespace

std::vector<GgufFamily> gguf_experts() { return {mixtral(), qwen3_moe(), gpt_oss()}; }

}  // namespace moonlet
