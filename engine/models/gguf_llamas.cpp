// SPDX-License-Identifier: Apache-2.0
// Llama and the decoders that share its tensors.
#include "core/error.h"
#include "models/gguf_families.h"

namespace moonlet {

namespace {

GgufFamily llama() {
    return {.architecture = "llama",
            .model_type = "llama",
            .hf_class = "LlamaForCausalLM",
            .prefix = "model.",
            .keys = llama_keys(),
            .tensors = llama_tensors(true),
            .fixed = {{"hidden_act", "silu"}},
            .flags = llama_flags(),
            .rope_theta = 10000};
}

// llama.cpp runs Mistral as llama and does not look at the window; ours and transformers do.
GgufFamily mistral() {
    GgufFamily f = llama();
    f.model_type = "mistral";
    f.hf_class = "MistralForCausalLM";
    f.keys.push_back(
        {"attention.sliding_window", "sliding_window", GgufKeyRow::whole, false, 4096, "", true});
    f.flags = {};
    f.when = [](const Gguf& file) {
        return file.find("llama.attention.sliding_window") != nullptr;
    };
    return f;
}

GgufFamily qwen2() {
    return {.architecture = "qwen2",
            .model_type = "qwen2",
            .hf_class = "Qwen2ForCausalLM",
            .prefix = "model.",
            .keys = joined_rows(decoder_keys(), {{"attention.head_count_kv", "num_key_value_heads"},
                                                 {"attention.layer_norm_rms_epsilon",
                                                  "rms_norm_eps", GgufKeyRow::real, true, 1e-6}}),
            .tensors = llama_tensors(false),
            .fixed = {{"hidden_act", "silu"}, {"use_sliding_window", false}},
            .rope_theta = 10000};
}

GgufFamily qwen3() {
    return {
        .architecture = "qwen3",
        .model_type = "qwen3",
        .hf_class = "Qwen3ForCausalLM",
        .prefix = "model.",
        .keys = llama_keys(),
        .tensors = joined_rows(llama_tensors(false), head_norms()),
        .fixed = {{"hidden_act", "silu"}, {"attention_bias", false}, {"use_sliding_window", false}},
        .rope_theta = 10000};
}

// llama.cpp turns no positions in every fourth layer, whatever a file may say.
void check_no_rope(const Json& config, int64_t layers) {
    auto list = config.find("no_rope_layers");
    if (list == config.end() || !list->is_array()) return;
    for (int64_t i = 0; i < layers; ++i)
        if (i >= int64_t(list->size()) || (*list)[size_t(i)] != int((i + 1) % 4 != 0))
            throw Error("config.json says no_rope_layers = " + quote(list->dump(), 80),
                        "0 for every fourth layer, which is all that llama.cpp computes",
                        "this model can only be saved as a Hugging Face folder");
}

GgufFamily smollm3() {
    GgufFamily f = llama();
    f.architecture = f.model_type = "smollm3";
    f.hf_class = "SmolLM3ForCausalLM";
    f.fixed.push_back({"no_rope_layer_interval", 4});
    f.fixed.push_back({"use_sliding_window", false});
    f.fixed.push_back({"attention_bias", false});
    f.fixed.push_back({"mlp_bias", false});
    f.flags = {};
    f.check = check_no_rope;
    f.rope_theta = 2000000;
    return f;
}

}  // namespace

std::vector<GgufFamily> gguf_llamas() { return {mistral(), llama(), qwen2(), qwen3(), smollm3()}; }

}  // namespace moonlet
