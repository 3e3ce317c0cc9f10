# SPDX-License-Identifier: Apache-2.0
"""Tiny random models of transformers and what they compute, for tests/engine/models.

Writes one folder per family and config, tests/golden/models/<family>-<config>/:
  config.json, model.safetensors (or shards)   as models.load takes them
  golden.safetensors, f32 unless said:
    ids int64 [1, T] (positions, types where the config has them), logits [1, T, V] and hidden [1, T, H]
    right.ids, right.mask, right.logits        a batch with padding at the end (hidden for encoders without head)
    left.ids, left.mask, left.logits           padding at the start, positions from the mask (decoders only)
    loss.targets, loss, grad.<name>            mean cross-entropy of `ids` and some of its gradients
Numbers are transformers' eager attention in f32 on the CPU (bf16 where the config says so); the metadata holds
versions and the seed. Usage: models.py [name …]
"""
import json
import shutil
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import (  # noqa: E402
    BertConfig, BertForMaskedLM, BertModel, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM,
    Qwen3Config, Qwen3ForCausalLM)

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/models"
SEED = 20261121
LENGTH = 13

LLAMA = dict(vocab_size=67, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=False)
QWEN3 = dict(vocab_size=71, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, head_dim=12, max_position_embeddings=128, rms_norm_eps=1e-6)
GPT2 = dict(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=24)
BERT = dict(vocab_size=73, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=24)
LLAMA3_ROPE = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)

# name: (config, model class, how the saved folder differs from what save_pretrained writes)
MODELS = {
    "llama-gqa": (LlamaConfig(**LLAMA), LlamaForCausalLM, {}),
    "llama-mha-tied": (LlamaConfig(**{**LLAMA, "num_key_value_heads": 4, "tie_word_embeddings": True}),
                       LlamaForCausalLM, {"old_rope": True}),
    "llama-llama3-rope": (LlamaConfig(**{**LLAMA, "head_dim": 16, "max_position_embeddings": 8192},
                                      rope_parameters=LLAMA3_ROPE), LlamaForCausalLM, {"long": 5000}),
    "llama-llama3-rope-v4": (LlamaConfig(**{**LLAMA, "head_dim": 16, "max_position_embeddings": 8192},
                                         rope_parameters=LLAMA3_ROPE), LlamaForCausalLM,
                             {"old_rope": True, "long": 700}),
    "llama-linear-rope": (LlamaConfig(**LLAMA, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)),
                          LlamaForCausalLM, {"old_rope": True, "long": 100}),
    "llama-bias-headdim": (LlamaConfig(**LLAMA, head_dim=12, attention_bias=True, mlp_bias=True), LlamaForCausalLM, {}),
    "llama-mqa-bf16": (LlamaConfig(**{**LLAMA, "num_key_value_heads": 1}), LlamaForCausalLM, {"dtype": torch.bfloat16}),
    "qwen3-gqa-tied": (Qwen3Config(**QWEN3, tie_word_embeddings=True), Qwen3ForCausalLM, {}),
    "qwen3-bias": (Qwen3Config(**{**QWEN3, "num_key_value_heads": 4, "head_dim": 16}, attention_bias=True,
                               tie_word_embeddings=False), Qwen3ForCausalLM, {"old_rope": True, "long": 90}),
    "gpt2-tied": (GPT2Config(**GPT2), GPT2LMHeadModel, {}),
    "gpt2-bare": (GPT2Config(**GPT2, n_inner=72, scale_attn_by_inverse_layer_idx=True, activation_function="gelu"),
                  GPT2LMHeadModel, {"strip": "transformer.", "buffers": True}),
    "gpt2-untied-shards": (GPT2Config(**GPT2, tie_word_embeddings=False), GPT2LMHeadModel, {"shards": "30KB"}),
    "bert-mlm": (BertConfig(**BERT), BertForMaskedLM, {}),
    "bert-bare": (BertConfig(**BERT, type_vocab_size=3), BertModel, {}),
    "bert-gamma": (BertConfig(**BERT), BertForMaskedLM, {"gamma": True}),
}


def randomise(model):
    """Weights large enough that every part of the forward pass shows in the logits."""
    generator = torch.Generator().manual_seed(SEED)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = parameter.dim() == 1 and name.endswith("weight")
        parameter.data = 1 + 0.2 * noise if norm else 0.15 * noise


def rewrite_config(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    if change.get("old_rope"):  # as transformers 4 wrote it
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        config["torch_dtype"] = config.pop("dtype", "float32")
    path.write_text(json.dumps(config, indent=1) + "\n")


def rewrite_weights(folder, change):
    path = folder / "model.safetensors"
    if not (change.get("strip") or change.get("gamma")):
        return
    weights = {k.removeprefix(change.get("strip", "")): v for k, v in load_file(path).items()}
    if change.get("gamma"):  # names from TensorFlow times
        weights = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v
                   for k, v in weights.items()}
    if change.get("buffers"):  # the causal mask, saved by old versions
        weights["h.0.attn.bias"] = torch.ones(1, 1, 4, 4).tril().to(torch.uint8)
    save_file(weights, path, metadata={"format": "pt"})


def outputs(model, inputs, keep):
    out = model(**inputs, output_hidden_states=True)
    if hasattr(out, "logits"):
        keep["logits"] = out.logits
    keep["hidden"] = out.hidden_states[-1]
    return out


def batch(generator, vocab, left):
    lengths = [LENGTH, 5, 1]
    ids = torch.zeros(len(lengths), LENGTH, dtype=torch.long)
    mask = torch.zeros(len(lengths), LENGTH, dtype=torch.bool)
    for row, n in enumerate(lengths):
        where = slice(LENGTH - n, LENGTH) if left else slice(0, n)
        ids[row, where] = torch.randint(0, vocab, (n,), generator=generator)
        mask[row, where] = True
    return ids, mask


def make(name):
    config, cls, change = MODELS[name]
    encoder = name.startswith("bert")
    config._attn_implementation = "eager"
    torch.manual_seed(SEED)
    model = cls(config).eval()
    randomise(model)
    model.tie_weights()
    model = model.to(change.get("dtype", torch.float32))
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **({"max_shard_size": change["shards"]} if "shards" in change else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    rewrite_config(folder, change)
    rewrite_weights(folder, change)

    generator = torch.Generator().manual_seed(SEED + 1)
    vocab = config.vocab_size
    golden = {}
    inputs = {"input_ids": torch.randint(0, vocab, (1, LENGTH), generator=generator)}
    golden["ids"] = inputs["input_ids"]
    if "long" in change:
        golden["positions"] = inputs["position_ids"] = torch.arange(LENGTH).unsqueeze(0) * (change["long"] // LENGTH)
    if encoder:
        golden["types"] = inputs["token_type_ids"] = torch.randint(0, config.type_vocab_size, (1, LENGTH),
                                                                   generator=generator)
    with torch.no_grad():
        outputs(model, inputs, golden)
        for side in ("right", "left"):
            if side == "left" and encoder:
                continue
            ids, mask = batch(generator, vocab, side == "left")
            given = {"input_ids": ids, "attention_mask": mask.long()}
            if side == "left":
                given["position_ids"] = (mask.long().cumsum(1) - 1).clamp_min(0)
            found = {}
            outputs(model, given, found)
            golden[f"{side}.ids"], golden[f"{side}.mask"] = ids, mask
            for key, value in found.items():
                golden[f"{side}.{key}"] = value

    if "logits" in golden and change.get("dtype") is None:
        targets = torch.randint(0, vocab, (1, LENGTH), generator=generator)
        targets[0, ::4] = -100
        logits = model(**inputs).logits
        loss = torch.nn.functional.cross_entropy(logits[0], targets[0], ignore_index=-100)
        loss.backward()
        golden["loss.targets"], golden["loss"] = targets, loss.detach()
        grads = {n.removeprefix(change.get("strip", "")): p.grad for n, p in model.named_parameters()}
        if change.get("gamma"):
            grads = {n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): g
                     for n, g in grads.items()}
        wanted = ("embed_tokens.weight", "word_embeddings.weight", "wte.weight", "wpe.weight", "norm.weight",
                  ".1.self_attn.k_proj.weight", ".0.self_attn.q_norm.weight", ".1.attn.c_attn.weight",
                  ".0.mlp.down_proj.weight", ".0.attention.self.query.weight", ".1.output.dense.bias",
                  ".0.input_layernorm.weight", ".0.ln_1.bias", "cls.predictions.bias", "lm_head.weight",
                  ".1.self_attn.v_proj.bias")
        for n, g in grads.items():
            if n.endswith(wanted):
                golden["grad." + n] = g
    save_file({k: v.contiguous() if v.dtype in (torch.long, torch.bool) else v.float().contiguous()
               for k, v in golden.items()}, folder / "golden.safetensors",
              metadata={"transformers": transformers.__version__, "torch": torch.__version__, "seed": str(SEED)})
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name:24} {sum(p.numel() for p in model.parameters()):7} parameters, {size / 1000:.0f} kB,"
          f" {len(golden)} tensors")


if __name__ == "__main__":
    for model_name in sys.argv[1:] or MODELS:
        make(model_name)
