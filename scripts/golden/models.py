# SPDX-License-Identifier: Apache-2.0
"""Tiny random models of transformers and what they compute, for tests/engine/models.

Writes one folder per family and config, tests/golden/models/<family>-<config>/:
  config.json, model.safetensors (or shards), as models.load takes them
  golden.safetensors, f32 unless said:
    ids int64 [1, T] (and positions, types where the config has them), logits [1, T, V],
    hidden [1, T, H]
    right.ids, right.mask, right.logits, right.hidden    a batch with padding at the end
    left.*                                               at the start; decoders only
    loss.targets, loss, grad.<name>                      mean cross-entropy of `ids` and some of
                                                         its gradients
    greedy int64 [1, T + 64]                             what generate() with its cache makes of
                                                         `ids`; decoders with room for it
Angles that go by the length of a text (dynamic, longrope) are those of each row alone: a text's
numbers do not depend on what stands beside it.
Numbers are transformers' eager attention in f32 on the CPU (bf16 where the config says so); the
metadata holds versions and the seed. Usage: models.py [name …]
"""
import copy
import json
import shutil
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import torch  # noqa: E402
import transformers as tf  # noqa: E402
from transformers.integrations.mxfp4 import convert_moe_packed_tensors  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/models"
SEED = 20261121
LENGTH = 13


def llama(**options):
    sizes = dict(vocab_size=67, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                 num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
                 rms_norm_eps=1e-5, tie_word_embeddings=False)
    return tf.LlamaConfig(**{**sizes, **options}), tf.LlamaForCausalLM


def qwen3(**options):
    sizes = dict(vocab_size=71, hidden_size=32, intermediate_size=40, num_hidden_layers=2,
                 num_attention_heads=4, num_key_value_heads=2, head_dim=12,
                 max_position_embeddings=128, rms_norm_eps=1e-6)
    return tf.Qwen3Config(**{**sizes, **options}), tf.Qwen3ForCausalLM


def gpt2(**options):
    return tf.GPT2Config(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=24,
                         **options), tf.GPT2LMHeadModel


def bert(cls=tf.BertForMaskedLM, **options):
    return tf.BertConfig(vocab_size=73, hidden_size=32, intermediate_size=56, num_hidden_layers=2,
                         num_attention_heads=4, max_position_embeddings=24, **options), cls


def small(cls, model, **options):
    """A decoder of Llama's kin, with odd sizes."""
    sizes = dict(vocab_size=53, hidden_size=24, intermediate_size=36, num_hidden_layers=2,
                 num_attention_heads=3, num_key_value_heads=3, max_position_embeddings=128,
                 bos_token_id=None, eos_token_id=None, tie_word_embeddings=False)
    return cls(**{**sizes, **options}), model


def mistral(**options):
    return small(tf.MistralConfig, tf.MistralForCausalLM, **options)


def qwen2(**options):
    return small(tf.Qwen2Config, tf.Qwen2ForCausalLM, **options)


def gemma(**options):
    return small(tf.GemmaConfig, tf.GemmaForCausalLM, intermediate_size=20, pad_token_id=0,
                 **{"head_dim": 10, "tie_word_embeddings": True, **options})


def granite(**options):
    scales = dict(embedding_multiplier=3.0, residual_multiplier=0.7, attention_multiplier=0.2,
                  logits_scaling=4.0)
    return small(tf.GraniteConfig, tf.GraniteForCausalLM, **{**scales, **options})


def gemma2(**options):
    sizes = dict(intermediate_size=16, head_dim=10, query_pre_attn_scalar=7, sliding_window=4,
                 tie_word_embeddings=True, pad_token_id=0, num_hidden_layers=3)
    return small(tf.Gemma2Config, tf.Gemma2ForCausalLM, **{**sizes, **options})


def gemma3(**options):
    sizes = dict(intermediate_size=16, head_dim=8, query_pre_attn_scalar=11, sliding_window=4,
                 tie_word_embeddings=True, pad_token_id=0, num_hidden_layers=3)
    return small(tf.Gemma3TextConfig, tf.Gemma3ForCausalLM, **{**sizes, **options})


def phi3(**options):
    return small(tf.Phi3Config, tf.Phi3ForCausalLM, pad_token_id=None, **options)


def olmo2(**options):
    return small(tf.Olmo2Config, tf.Olmo2ForCausalLM, pad_token_id=1, **options)


def smollm3(**options):
    sizes = dict(intermediate_size=16, num_hidden_layers=3, no_rope_layer_interval=2,
                 tie_word_embeddings=True, pad_token_id=None)
    return small(tf.SmolLM3Config, tf.SmolLM3ForCausalLM, **{**sizes, **options})


def gpt_neox(**options):
    sizes = dict(vocab_size=53, hidden_size=24, intermediate_size=36, num_hidden_layers=2,
                 num_attention_heads=3, max_position_embeddings=128, bos_token_id=None,
                 eos_token_id=None)
    return tf.GPTNeoXConfig(**{**sizes, **options}), tf.GPTNeoXForCausalLM


def openai_gpt(**options):
    sizes = dict(vocab_size=53, n_embd=24, n_layer=2, n_head=3, n_positions=80)
    return tf.OpenAIGPTConfig(**{**sizes, **options}), tf.OpenAIGPTLMHeadModel


def roberta(cls=tf.RobertaForMaskedLM, config=tf.RobertaConfig, **options):
    sizes = dict(vocab_size=41, hidden_size=18, intermediate_size=26, num_hidden_layers=2,
                 num_attention_heads=3, max_position_embeddings=26, type_vocab_size=1)
    return config(**{**sizes, **options}), cls


def xlm_roberta(cls=tf.XLMRobertaForMaskedLM, **options):
    return roberta(cls, tf.XLMRobertaConfig, **options)


def distilbert(cls=tf.DistilBertForMaskedLM, **options):
    sizes = dict(vocab_size=41, dim=15, hidden_dim=26, n_layers=2, n_heads=5,
                 max_position_embeddings=24)
    return tf.DistilBertConfig(**{**sizes, **options}), cls


def experts(config, cls, **options):
    """A decoder with experts; transformers' own loop over them, as the checkpoint names them."""
    sizes = dict(vocab_size=31, hidden_size=12, intermediate_size=16, head_dim=6)
    config, cls = small(config, cls, **{**sizes, **options})
    config._experts_implementation = "eager"
    return config, cls


def mixtral(**options):
    return experts(tf.MixtralConfig, tf.MixtralForCausalLM,
                   **{"num_local_experts": 4, "intermediate_size": 14, **options})


def qwen3_moe(**options):
    sizes = dict(num_experts=5, moe_intermediate_size=8, num_experts_per_tok=2, head_dim=10)
    return experts(tf.Qwen3MoeConfig, tf.Qwen3MoeForCausalLM, **{**sizes, **options})


def gpt_oss(**options):
    sizes = dict(num_local_experts=4, intermediate_size=10, num_experts_per_tok=2, head_dim=8,
                 sliding_window=5, layer_types=None)
    return experts(tf.GptOssConfig, tf.GptOssForCausalLM, **{**sizes, **options})


LLAMA3 = dict(head_dim=16, max_position_embeddings=8192, rope_parameters=dict(
    rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=64))
LINEAR = dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))
YARN = dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0,
                                 original_max_position_embeddings=16))
# DeepSeek's way to write it, and gpt-oss's
YARN_MSCALE = dict(rope_parameters=dict(
    rope_type="yarn", rope_theta=150000.0, factor=8.0, original_max_position_embeddings=16,
    beta_fast=4.0, beta_slow=0.5, mscale=1.0, mscale_all_dim=0.7, truncate=False))
DYNAMIC = dict(max_position_embeddings=8, rope_parameters=dict(
    rope_type="dynamic", rope_theta=10000.0, factor=16.0))
LONGROPE = dict(rope_parameters=dict(
    rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=8,
    short_factor=[1.0, 1.1, 1.3, 1.7], long_factor=[1.0, 2.5, 6.0, 15.0]))
PHI3_ROPE = dict(rope_type="longrope", rope_theta=10000.0, short_factor=[1.0, 1.1, 1.3, 1.7],
                 long_factor=[1.0, 2.5, 6.0, 15.0])
GEMMA3_ROPE = {"full_attention": dict(rope_type="linear", rope_theta=50000.0, factor=8.0),
               "sliding_attention": dict(rope_type="default", rope_theta=500.0)}
WINDOW = dict(use_sliding_window=True, sliding_window=4, max_window_layers=1)

# name: ((config, class), how the saved folder differs from what save_pretrained writes)
MODELS = {
    "llama-gqa": (llama(), {}),
    "llama-mha-tied": (llama(num_key_value_heads=4, tie_word_embeddings=True, pad_token_id=30),
                       {"old_rope": True}),
    "llama-llama3-rope": (llama(**LLAMA3), {"long": 5000}),
    "llama-llama3-rope-v4": (llama(**LLAMA3), {"old_rope": True, "long": 700}),
    "llama-linear-rope": (llama(**LINEAR), {"old_rope": True, "long": 100}),
    "llama-bias-headdim": (llama(head_dim=12, attention_bias=True, mlp_bias=True), {}),
    "llama-mqa-bf16": (llama(num_key_value_heads=1), {"dtype": torch.bfloat16}),
    "llama-yarn": (llama(**YARN_MSCALE), {"long": 300}),
    "llama-dynamic-rope": (llama(**DYNAMIC), {"old_rope": True, "by_row": True}),
    "llama-longrope": (small(tf.LlamaConfig, tf.LlamaForCausalLM, num_key_value_heads=1,
                             **LONGROPE), {"by_row": True}),
    "mistral-window": (mistral(sliding_window=5), {}),
    "mistral-tied-v4": (mistral(num_attention_heads=6, num_key_value_heads=2, head_dim=10,
                                sliding_window=None, tie_word_embeddings=True),
                        {"old_rope": True}),
    "mistral-yarn": (mistral(num_key_value_heads=1, sliding_window=6, **YARN), {"long": 60}),
    "qwen2-gqa-tied": (qwen2(num_attention_heads=6, num_key_value_heads=2, hidden_size=48,
                             tie_word_embeddings=True),
                       {"old_rope": True, "drop": ["layer_types"]}),
    "qwen2-window": (qwen2(num_hidden_layers=3, **WINDOW), {}),
    "qwen2-window-v4-yarn": (qwen2(num_key_value_heads=1, **WINDOW, **YARN),
                             {"old_rope": True, "drop": ["layer_types"], "long": 60}),
    "qwen3-window": (small(tf.Qwen3Config, tf.Qwen3ForCausalLM, head_dim=10, **WINDOW), {}),
    "qwen3-gqa-tied": (qwen3(tie_word_embeddings=True), {}),
    "qwen3-bias": (qwen3(num_key_value_heads=4, head_dim=16, attention_bias=True,
                         tie_word_embeddings=False), {"old_rope": True, "long": 90}),
    "gemma-mqa": (gemma(num_key_value_heads=1), {}),
    "gemma-v4-gelu": (gemma(hidden_act="gelu", attention_bias=True, num_attention_heads=2,
                            num_key_value_heads=2),
                      {"old_rope": True, "add": {"hidden_act": "gelu"}}),
    "gemma-untied-linear": (gemma(tie_word_embeddings=False, **LINEAR), {"long": 60}),
    "granite-gqa": (granite(num_attention_heads=4, num_key_value_heads=2), {}),
    "granite-bias-v4": (granite(attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
                        {"old_rope": True, "long": 90}),
    "granite-yarn": (granite(num_key_value_heads=1, **YARN), {"long": 60}),
    "gemma2-window": (gemma2(num_key_value_heads=1), {}),
    "gemma2-v4": (gemma2(num_attention_heads=4, num_key_value_heads=2, attention_bias=True,
                         attn_logit_softcapping=2.0, final_logit_softcapping=1.5),
                  {"old_rope": True, "drop": ["layer_types", "hidden_activation"]}),
    "gemma2-uncapped": (gemma2(attn_logit_softcapping=None, final_logit_softcapping=None,
                               tie_word_embeddings=False, **LINEAR), {"long": 60}),
    "gemma2-bf16": (gemma2(attn_logit_softcapping=3.0, num_hidden_layers=2),
                    {"dtype": torch.bfloat16}),
    "gemma2-usual": (gemma2(query_pre_attn_scalar=10, num_key_value_heads=1), {}),  # as GGUF has it
    "gemma3-pattern": (gemma3(num_key_value_heads=1, layer_types=[
        "sliding_attention", "full_attention", "sliding_attention"]),
        {"drop": ["layer_types"], "add": {"sliding_window_pattern": 2}}),
    "gemma3-v4-scaled": (gemma3(rope_parameters=GEMMA3_ROPE, layer_types=[
        "sliding_attention", "sliding_attention", "full_attention"]),
        {"gemma3_rope": True, "long": 60}),
    "gemma3-caps": (gemma3(num_attention_heads=4, num_key_value_heads=2, head_dim=4,
                           intermediate_size=8, final_logit_softcapping=1.5,
                           tie_word_embeddings=False, num_hidden_layers=7), {}),
    "gemma3-bf16": (gemma3(layer_types=["sliding_attention", "full_attention"],
                           num_hidden_layers=2), {"dtype": torch.bfloat16}),
    "gemma3-usual": (gemma3(query_pre_attn_scalar=8, num_hidden_layers=7, intermediate_size=8), {}),
    "phi3-window": (phi3(sliding_window=5, num_key_value_heads=1), {}),
    "phi3-tied-su": (phi3(tie_word_embeddings=True, original_max_position_embeddings=8,
                          rope_parameters=PHI3_ROPE),
                     {"old_rope": True, "by_row": True, "rope_type": "su"}),
    "phi3-partial": (phi3(original_max_position_embeddings=40, rope_parameters=dict(
        rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75,
        short_factor=[1.0, 1.2, 1.5], long_factor=[1.0, 3.0, 9.0], factor=4.0)), {}),
    "olmo2-gqa": (olmo2(num_attention_heads=6, num_key_value_heads=2, hidden_size=36,
                        intermediate_size=20), {}),
    "olmo2-bias-v4": (olmo2(attention_bias=True, rope_parameters=dict(
        rope_type="default", rope_theta=500000.0)), {"old_rope": True, "long": 90}),
    "olmo2-tied-yarn": (olmo2(tie_word_embeddings=True, **YARN), {"long": 60}),
    "olmo2-bf16": (olmo2(), {"dtype": torch.bfloat16}),
    "smollm3-nope": (smollm3(num_key_value_heads=1), {}),
    "smollm3-list-v4": (smollm3(no_rope_layers=[0, 1, 1], attention_bias=True, mlp_bias=True,
                                tie_word_embeddings=False),
                        {"old_rope": True, "drop": ["layer_types"]}),
    "smollm3-window-yarn": (smollm3(use_sliding_window=True, sliding_window=4, **YARN),
                            {"long": 60}),
    "smollm3-usual": (smollm3(no_rope_layer_interval=4, num_hidden_layers=5, intermediate_size=8),
                      {}),
    "gpt_neox-parallel": (gpt_neox(), {}),
    "gpt_neox-serial-v4": (gpt_neox(use_parallel_residual=False, num_attention_heads=2,
                                    tie_word_embeddings=True, rope_parameters=dict(
                                        rope_type="default", rope_theta=5000.0,
                                        partial_rotary_factor=0.5)),
                           {"neox_rope": True, "long": 90}),
    "gpt_neox-bare-linear": (gpt_neox(attention_bias=False, rope_parameters=dict(
        rope_type="linear", factor=3.0, rope_theta=10000.0, partial_rotary_factor=1.0)),
        {"buffers": {"gpt_neox.layers.0.attention.masked_bias": torch.tensor(-1e9)}}),
    "openai-gpt-tied": (openai_gpt(), {"room": 80}),
    "openai-gpt-bare": (openai_gpt(afn="silu", n_head=4),
                        {"room": 80, "strip": "transformer.",
                         "buffers": {"h.0.attn.bias": torch.ones(1, 1, 4, 4).tril()}}),
    "openai-gpt-untied": (openai_gpt(tie_word_embeddings=False, n_embd=18), {"room": 80}),
    "mixtral-top2": (mixtral(), {}),
    "mixtral-top1-window-tied": (mixtral(num_experts_per_tok=1, sliding_window=5,
                                         num_key_value_heads=1, tie_word_embeddings=True), {}),
    "mixtral-all-yarn": (mixtral(num_local_experts=3, num_experts_per_tok=3, head_dim=10, **YARN),
                         {"old_rope": True, "long": 60}),
    "qwen3_moe-sparse": (qwen3_moe(num_hidden_layers=3, mlp_only_layers=[1]), {}),
    "qwen3_moe-norm-tied": (qwen3_moe(norm_topk_prob=True, decoder_sparse_step=2,
                                      num_key_value_heads=1, tie_word_embeddings=True),
                            {"old_rope": True, "long": 90}),
    "qwen3_moe-usual": (qwen3_moe(norm_topk_prob=True), {}),
    "qwen3_moe-top1-window": (qwen3_moe(num_experts_per_tok=1, norm_topk_prob=True,
                                        attention_bias=True, use_sliding_window=True,
                                        sliding_window=4), {}),
    "gpt_oss-yarn": (gpt_oss(), {"long": 200}),
    "gpt_oss-top1-tied": (gpt_oss(num_experts_per_tok=1, num_key_value_heads=1, swiglu_limit=0.4,
                                  tie_word_embeddings=True, attention_bias=False, **LINEAR), {}),
    "gpt_oss-mxfp4": (gpt_oss(hidden_size=32, intermediate_size=32, num_local_experts=3,
                              num_hidden_layers=1, num_key_value_heads=1, sliding_window=3),
                      {"mxfp4": True, "old_rope": True}),
    "gpt2-tied": (gpt2(), {"room": 24}),
    "gpt2-bare": (gpt2(n_inner=72, scale_attn_by_inverse_layer_idx=True,
                       activation_function="gelu"),
                  {"room": 24, "strip": "transformer.", "buffers": {
                      "h.0.attn.bias": torch.ones(1, 1, 4, 4).tril().to(torch.uint8)}}),
    "gpt2-untied-shards": (gpt2(tie_word_embeddings=False), {"room": 24, "shards": "30KB"}),
    "bert-mlm": (bert(), {}),
    "bert-bare": (bert(tf.BertModel, type_vocab_size=3), {}),
    "bert-gamma": (bert(), {"gamma": True}),
    "roberta-mlm": (roberta(), {}),
    "roberta-bare": (roberta(tf.RobertaModel, type_vocab_size=3, pad_token_id=5), {}),
    "roberta-untied": (roberta(tie_word_embeddings=False, hidden_act="relu", pad_token_id=0), {}),
    "xlm_roberta-mlm": (xlm_roberta(layer_norm_eps=1e-5), {}),
    "xlm_roberta-bare": (xlm_roberta(tf.XLMRobertaModel, num_attention_heads=9), {}),
    "xlm_roberta-untied": (xlm_roberta(tie_word_embeddings=False, pad_token_id=3), {}),
    "distilbert-mlm": (distilbert(), {}),
    "distilbert-bare": (distilbert(tf.DistilBertModel, n_heads=3, activation="relu"), {}),
    "distilbert-untied": (distilbert(tie_word_embeddings=False, sinusoidal_pos_embds=True), {}),
}
ENCODERS = ("bert", "roberta", "xlm-roberta", "distilbert")
GRADIENTS = (
    ".0.block_sparse_moe.gate.weight", ".0.block_sparse_moe.experts.1.w1.weight",
    ".1.block_sparse_moe.experts.0.w2.weight", ".0.mlp.gate.weight", ".1.mlp.gate.weight",
    ".1.mlp.experts.3.up_proj.weight", ".0.mlp.experts.2.down_proj.weight", "0.self_attn.sinks",
    ".0.mlp.router.bias", ".0.mlp.experts.gate_up_proj_bias", ".1.mlp.experts.down_proj",
    "embed_tokens.weight", "word_embeddings.weight", "wte.weight", "wpe.weight", "norm.weight",
    ".1.self_attn.k_proj.weight", ".0.self_attn.q_norm.weight", ".1.attn.c_attn.weight",
    ".0.mlp.down_proj.weight", ".0.attention.self.query.weight", ".1.output.dense.bias",
    ".0.input_layernorm.weight", ".0.ln_1.bias", "cls.predictions.bias", "lm_head.weight",
    ".1.self_attn.v_proj.bias", ".0.post_feedforward_layernorm.weight",
    ".1.self_attn.qkv_proj.weight", ".0.mlp.gate_up_proj.weight", "embed_in.weight",
    ".1.attention.query_key_value.weight", ".0.mlp.dense_h_to_4h.bias", "tokens_embed.weight",
    "embed_out.weight", "final_layer_norm.bias", ".0.ln_2.weight", ".1.mlp.c_fc.weight",
    "position_embeddings.weight", "lm_head.bias", "vocab_projector.bias",
    ".0.attention.q_lin.weight", ".1.ffn.lin2.bias")


def randomise(model):
    """Weights large enough that every part of the forward pass shows in the logits."""
    generator = torch.Generator().manual_seed(SEED)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = parameter.dim() == 1 and name.endswith("weight")
        around = 0 if "gemma" in model.config.model_type else 1  # Gemma's norms add the one
        parameter.data = around + 0.2 * noise if norm else 0.15 * noise


def saved_name(name, change):
    """What the folder calls a parameter of the model."""
    name = name.removeprefix(change.get("strip", ""))
    if change.get("gamma"):  # names from TensorFlow times
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        name = name.replace("LayerNorm.bias", "LayerNorm.beta")
    return name


def checkpoint_parts(model, name, tensor):
    """A parameter by the names and parts of the checkpoint, where experts stand one by one."""
    if model.config.model_type not in ("mixtral", "qwen3_moe") or ".mlp." not in name:
        return {name: tensor}
    old = model.config.model_type == "mixtral"
    if old:
        name = name.replace(".mlp.", ".block_sparse_moe.")
    if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
        return {name: tensor}
    base, _, kind = name.rpartition(".")
    found = {}
    for i, expert in enumerate(tensor):
        if kind == "down_proj":
            found[f"{base}.{i}.{'w2' if old else 'down_proj'}.weight"] = expert
        else:
            gate, up = expert.chunk(2)
            found[f"{base}.{i}.{'w1' if old else 'gate_proj'}.weight"] = gate
            found[f"{base}.{i}.{'w3' if old else 'up_proj'}.weight"] = up
    return found


def pack_experts(model):
    """Random MXFP4 tensors, put into the model as transformers opens them: name -> bytes."""
    generator = torch.Generator().manual_seed(SEED + 2)
    packed = {}
    for name, parameter in model.named_parameters():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            continue
        count, width, rows = parameter.shape
        shape = (count, rows, width // 32)
        blocks = torch.randint(0, 256, (*shape, 16), generator=generator, dtype=torch.uint8)
        scales = torch.randint(120, 126, shape, generator=generator, dtype=torch.uint8)
        parameter.data = convert_moe_packed_tensors(blocks, scales).float()
        packed |= {name + "_blocks": blocks, name + "_scales": scales}
    return packed


def write_packed(folder, packed):
    """The folder as the public gpt-oss is: experts in MXFP4 under their names with a suffix."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["quantization_config"] = {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}
    path.write_text(json.dumps(config, indent=1) + "\n")
    path = folder / "model.safetensors"
    weights = {k: v for k, v in load_file(path).items() if k + "_blocks" not in packed}
    save_file({**weights, **packed}, path, metadata={"format": "pt"})


def rewrite(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    if change.get("old_rope"):  # as transformers 4 wrote it
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        config["torch_dtype"] = config.pop("dtype", "float32")
    if change.get("gemma3_rope"):
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope["full_attention"].pop("rope_theta")
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        config["rope_scaling"] = rope["full_attention"]
    if change.get("neox_rope"):
        rope = config.pop("rope_parameters")
        config["rotary_emb_base"] = rope["rope_theta"]
        config["rotary_pct"] = rope["partial_rotary_factor"]
    if "rope_type" in change:
        config["rope_scaling"]["type"] = change["rope_type"]
        del config["rope_scaling"]["rope_type"]
    config.update(change.get("add", {}))
    for key in change.get("drop", ()):  # what files of older versions do not have
        del config[key]
    path.write_text(json.dumps(config, indent=1) + "\n")
    if any(key in change for key in ("strip", "gamma", "buffers")):
        path = folder / "model.safetensors"
        weights = {saved_name(k, change): v for k, v in load_file(path).items()}
        weights.update(change.get("buffers", {}))  # such as the causal mask, saved by old versions
        save_file(weights, path, metadata={"format": "pt"})


def outputs(model, inputs, by_row=False):
    if by_row:  # of each row the tokens that count, alone
        rows = []
        for ids, mask in zip(inputs["input_ids"], inputs["attention_mask"].bool()):
            alone = outputs(model, {"input_ids": ids[mask].unsqueeze(0)})
            rows.append({k: torch.zeros(len(ids), v.shape[-1]) for k, v in alone.items()})
            for key, value in alone.items():
                rows[-1][key][mask] = value[0]
        return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}
    out = model(**inputs, output_hidden_states=True)
    found = {"hidden": out.hidden_states[-1]}
    if hasattr(out, "logits"):
        found["logits"] = out.logits
    return found


def padded(generator, vocab, side, padding_id):
    lengths = [LENGTH, 5, 1]
    ids = torch.full((len(lengths), LENGTH), padding_id, dtype=torch.long)
    mask = torch.zeros(len(lengths), LENGTH, dtype=torch.bool)
    for row, n in enumerate(lengths):
        where = slice(LENGTH - n, LENGTH) if side == "left" else slice(0, n)
        ids[row, where] = torch.randint(0, vocab, (n,), generator=generator)
        mask[row, where] = True
    return ids, mask


def gradients(model, inputs, targets, change):
    logits = model(**inputs).logits
    loss = torch.nn.functional.cross_entropy(logits[0], targets[0], ignore_index=-100)
    loss.backward()
    found = {"loss.targets": targets, "loss": loss.detach()}
    for name, parameter in model.named_parameters():
        name = saved_name(name, change)
        if name.endswith(GRADIENTS) and parameter.grad is not None:
            found["grad." + name] = parameter.grad
    return found


def greedy(model, ids, room):
    model = copy.deepcopy(model)  # dynamic scalings remember the longest text
    model.generation_config.eos_token_id = None
    return model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False,
                          max_new_tokens=min(64, room - ids.shape[1]), pad_token_id=0)


def make(name):
    (config, cls), change = MODELS[name]
    encoder = config.model_type in ENCODERS
    config._attn_implementation = "eager"
    torch.manual_seed(SEED)
    model = cls(config).eval()
    randomise(model)
    model.tie_weights()
    model = model.to(change.get("dtype", torch.float32))
    if change.get("mxfp4"):
        packed = pack_experts(model)
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=change.get("shards", "1GB"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    rewrite(folder, change)
    if change.get("mxfp4"):
        write_packed(folder, packed)

    generator = torch.Generator().manual_seed(SEED + 1)
    draw = lambda n: torch.randint(0, n, (1, LENGTH), generator=generator)  # noqa: E731
    inputs = {"input_ids": draw(config.vocab_size)}
    golden = {"ids": inputs["input_ids"]}
    if "long" in change:
        inputs["position_ids"] = torch.arange(LENGTH).unsqueeze(0) * (change["long"] // LENGTH)
        golden["positions"] = inputs["position_ids"]
    if getattr(config, "type_vocab_size", 0):
        golden["types"] = inputs["token_type_ids"] = draw(config.type_vocab_size)
    with torch.no_grad():
        golden.update(outputs(model, inputs))
        for side in ("right",) if encoder else ("right", "left"):
            ids, mask = padded(generator, config.vocab_size, side,
                               config.pad_token_id if encoder else 0)
            given = {"input_ids": ids, "attention_mask": mask.long()}
            if side == "left":
                given["position_ids"] = (mask.long().cumsum(1) - 1).clamp_min(0)
            found = {"ids": ids, "mask": mask, **outputs(model, given, change.get("by_row"))}
            golden.update({f"{side}.{key}": value for key, value in found.items()})
        if not encoder and "dtype" not in change:
            golden["greedy"] = greedy(model, golden["ids"], change.get("room", 128))
    if "logits" in golden and "dtype" not in change:
        targets = draw(config.vocab_size)
        targets[0, ::4] = -100
        golden.update(gradients(model, inputs, targets, change))

    exact = (torch.long, torch.bool)
    golden = {k: (v if v.dtype in exact else v.float()).contiguous() for k, v in golden.items()}
    save_file(golden, folder / "golden.safetensors", metadata={
        "transformers": tf.__version__, "torch": torch.__version__, "seed": str(SEED)})
    size = sum(f.stat().st_size for f in folder.iterdir()) / 1000
    count = sum(p.numel() for p in model.parameters())
    print(f"{name:24} {count:7} parameters, {size:.0f} kB, {len(golden)} tensors")


if __name__ == "__main__":
    for model_name in sys.argv[1:] or MODELS:
        make(model_name)
