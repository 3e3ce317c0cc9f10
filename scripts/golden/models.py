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
Numbers are transformers' eager attention in f32 on the CPU (bf16 where the config says so); the
metadata holds versions and the seed. Usage: models.py [name …]
"""
import json
import shutil
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import torch  # noqa: E402
import transformers as tf  # noqa: E402
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


LLAMA3 = dict(head_dim=16, max_position_embeddings=8192, rope_parameters=dict(
    rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=64))
LINEAR = dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))

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
    "qwen3-gqa-tied": (qwen3(tie_word_embeddings=True), {}),
    "qwen3-bias": (qwen3(num_key_value_heads=4, head_dim=16, attention_bias=True,
                         tie_word_embeddings=False), {"old_rope": True, "long": 90}),
    "gpt2-tied": (gpt2(), {}),
    "gpt2-bare": (gpt2(n_inner=72, scale_attn_by_inverse_layer_idx=True,
                       activation_function="gelu"), {"strip": "transformer.", "buffers": True}),
    "gpt2-untied-shards": (gpt2(tie_word_embeddings=False), {"shards": "30KB"}),
    "bert-mlm": (bert(), {}),
    "bert-bare": (bert(tf.BertModel, type_vocab_size=3), {}),
    "bert-gamma": (bert(), {"gamma": True}),
}
GRADIENTS = (
    "embed_tokens.weight", "word_embeddings.weight", "wte.weight", "wpe.weight", "norm.weight",
    ".1.self_attn.k_proj.weight", ".0.self_attn.q_norm.weight", ".1.attn.c_attn.weight",
    ".0.mlp.down_proj.weight", ".0.attention.self.query.weight", ".1.output.dense.bias",
    ".0.input_layernorm.weight", ".0.ln_1.bias", "cls.predictions.bias", "lm_head.weight",
    ".1.self_attn.v_proj.bias")


def randomise(model):
    """Weights large enough that every part of the forward pass shows in the logits."""
    generator = torch.Generator().manual_seed(SEED)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = parameter.dim() == 1 and name.endswith("weight")
        parameter.data = 1 + 0.2 * noise if norm else 0.15 * noise


def saved_name(name, change):
    """What the folder calls a parameter of the model."""
    name = name.removeprefix(change.get("strip", ""))
    if change.get("gamma"):  # names from TensorFlow times
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        name = name.replace("LayerNorm.bias", "LayerNorm.beta")
    return name


def rewrite(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    if change.get("old_rope"):  # as transformers 4 wrote it
        rope = config.pop("rope_parameters")
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        config["torch_dtype"] = config.pop("dtype", "float32")
    path.write_text(json.dumps(config, indent=1) + "\n")
    if change.get("strip") or change.get("gamma"):
        path = folder / "model.safetensors"
        weights = {saved_name(k, change): v for k, v in load_file(path).items()}
        if change.get("buffers"):  # the causal mask, saved by old versions
            weights["h.0.attn.bias"] = torch.ones(1, 1, 4, 4).tril().to(torch.uint8)
        save_file(weights, path, metadata={"format": "pt"})


def outputs(model, inputs):
    out = model(**inputs, output_hidden_states=True)
    found = {"hidden": out.hidden_states[-1]}
    if hasattr(out, "logits"):
        found["logits"] = out.logits
    return found


def padded(generator, vocab, side):
    lengths = [LENGTH, 5, 1]
    ids = torch.zeros(len(lengths), LENGTH, dtype=torch.long)
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
        if name.endswith(GRADIENTS):
            found["grad." + name] = parameter.grad
    return found


def make(name):
    (config, cls), change = MODELS[name]
    encoder = name.startswith("bert")
    config._attn_implementation = "eager"
    torch.manual_seed(SEED)
    model = cls(config).eval()
    randomise(model)
    model.tie_weights()
    model = model.to(change.get("dtype", torch.float32))
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, max_shard_size=change.get("shards", "1GB"))
    (folder / "generation_config.json").unlink(missing_ok=True)
    rewrite(folder, change)

    generator = torch.Generator().manual_seed(SEED + 1)
    draw = lambda n: torch.randint(0, n, (1, LENGTH), generator=generator)  # noqa: E731
    inputs = {"input_ids": draw(config.vocab_size)}
    golden = {"ids": inputs["input_ids"]}
    if "long" in change:
        inputs["position_ids"] = torch.arange(LENGTH).unsqueeze(0) * (change["long"] // LENGTH)
        golden["positions"] = inputs["position_ids"]
    if encoder:
        golden["types"] = inputs["token_type_ids"] = draw(config.type_vocab_size)
    with torch.no_grad():
        golden.update(outputs(model, inputs))
        for side in ("right",) if encoder else ("right", "left"):
            ids, mask = padded(generator, config.vocab_size, side)
            given = {"input_ids": ids, "attention_mask": mask.long()}
            if side == "left":
                given["position_ids"] = (mask.long().cumsum(1) - 1).clamp_min(0)
            found = {"ids": ids, "mask": mask, **outputs(model, given)}
            golden.update({f"{side}.{key}": value for key, value in found.items()})
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
