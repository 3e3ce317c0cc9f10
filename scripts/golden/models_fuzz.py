# SPDX-License-Identifier: Apache-2.0
"""Random small decoders of transformers, opened by moonlet: logits and greedy tokens compared.

Every round draws a family, sizes, a rotary scaling, windows, ties and biases, writes the folder as
transformers 5 does or as version 4 did, and reads it with the program given. Texts are up to 90
tokens, so longer than windows and original contexts. Writes nothing into the repository.

  models_fuzz.py MOONLET [ROUNDS [SEED]]     prints each difference above 2e-4, and the greatest
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import torch  # noqa: E402
import transformers as tf  # noqa: E402

LIMIT = 2e-4
READER = """
local list = json.decode(io.open(arg[1]):read "*a")
for i = 1, #list do
    local case = list[i]
    local ok, why = pcall(function()
        local m = models.load(case.folder, {dtype="f32", device="cpu"})
        local ids = {}
        for k = 1, #case.ids do ids[k] = case.ids[k] end
        local answer = {logits=m:logits(ids):table()}
        local file = assert(io.open(case.folder .. "/ours.json", "w"))
        if case.new > 0 then answer.tokens = m:generate(ids, {max_tokens=case.new}).tokens end
        file:write(json.encode(answer))
        file:close()
    end)
    if not ok then print("ERROR " .. case.folder .. " " .. tostring(why)) end
end
"""


def rope(draw, dim, kinds):
    kind = draw.choice(kinds)
    theta = draw.choice([100.0, 10000.0, 500000.0])
    found = {"rope_type": kind, "rope_theta": theta}
    if kind != "default":
        found["factor"] = draw.choice([1.0, 2.0, 4.0, 7.5])
    if kind in ("yarn", "llama3", "longrope"):
        found["original_max_position_embeddings"] = draw.choice([4, 16, 40])
    if kind == "llama3":
        found.update(low_freq_factor=1.0, high_freq_factor=draw.choice([2.0, 4.0]))
    if kind == "yarn" and draw.random() < 0.5:
        found.update(beta_fast=draw.choice([8.0, 32.0]), beta_slow=draw.choice([0.5, 1.0]),
                     truncate=draw.random() < 0.5)
        if draw.random() < 0.5:
            found.update(mscale=0.9, mscale_all_dim=draw.choice([0.5, 1.3]))
        elif draw.random() < 0.5:
            found["attention_factor"] = 1.3
    if kind == "longrope":
        half = (dim + 1) // 2
        found["short_factor"] = [round(1 + draw.random(), 3) for _ in range(half)]
        found["long_factor"] = [round(1 + 20 * draw.random(), 3) for _ in range(half)]
        if draw.random() < 0.5:
            del found["factor"]
    return found


LINEAR = ("default", "default", "linear", "yarn", "llama3")
ALL = LINEAR + ("longrope", "dynamic")


def sizes(draw, own_dim):
    heads = draw.choice([1, 2, 3, 4, 5, 6])
    kv = draw.choice([k for k in range(1, heads + 1) if heads % k == 0])
    per_head = draw.choice([4, 6, 8, 10])
    found = dict(vocab_size=draw.randint(30, 90), hidden_size=heads * per_head,
                 intermediate_size=draw.randint(3, 40), num_hidden_layers=draw.randint(1, 5),
                 num_attention_heads=heads, num_key_value_heads=kv, max_position_embeddings=256,
                 tie_word_embeddings=draw.random() < 0.5, rms_norm_eps=draw.choice([1e-6, 1e-3]),
                 bos_token_id=None, eos_token_id=None,
                 pad_token_id=draw.choice([None, 3]))
    if own_dim:
        found["head_dim"] = draw.choice([2, 4, 10, 16])
    return found, found.get("head_dim", per_head)


def family(draw):
    name = draw.choice(["llama", "qwen3", "mistral", "qwen2", "gemma", "gemma2", "gemma3_text",
                        "phi3", "olmo2", "smollm3", "granite", "gpt_neox", "openai-gpt"])
    window = draw.choice([2, 5, 17, 60])  # transformers' cache keeps everything for 1
    if name == "openai-gpt":
        heads = draw.choice([1, 3, 4])
        return tf.OpenAIGPTConfig(
            vocab_size=50, n_embd=heads * draw.choice([4, 8]), n_layer=draw.randint(1, 3),
            n_head=heads, n_positions=160, afn=draw.choice(["gelu", "relu", "silu"]),
            tie_word_embeddings=draw.random() < 0.5), tf.OpenAIGPTLMHeadModel
    own_dim = name in ("llama", "qwen3", "mistral", "gemma", "gemma2", "gemma3_text")
    o, dim = sizes(draw, own_dim)
    if name == "gpt_neox":
        for key in ("num_key_value_heads", "rms_norm_eps"):
            del o[key]
        o.update(layer_norm_eps=1e-4, use_parallel_residual=draw.random() < 0.5,
                 attention_bias=draw.random() < 0.7,
                 hidden_act=draw.choice(["gelu", "gelu_new", "gelu_fast"]))
        share = draw.choice([0.25, 0.5, 0.75, 1.0]) if dim >= 8 else 1.0
        o["rope_parameters"] = {**rope(draw, dim, ("default", "linear")),
                                "partial_rotary_factor": share}
        return tf.GPTNeoXConfig(**o), tf.GPTNeoXForCausalLM
    bias = {"attention_bias": draw.random() < 0.4}
    o["rope_parameters"] = rope(draw, dim, ALL if dim >= 4 else LINEAR)
    if o["rope_parameters"]["rope_type"] == "dynamic" and name not in ("gemma3_text", "phi3"):
        o["max_position_embeddings"] = 8
        o["rope_parameters"]["factor"] = 32.0
    if name in ("llama", "granite"):
        o.update(bias, mlp_bias=draw.random() < 0.3)
        if name == "granite":
            o.update(embedding_multiplier=2.5, residual_multiplier=0.6,
                     attention_multiplier=0.3, logits_scaling=3.0)
        return ((tf.LlamaConfig, tf.LlamaForCausalLM) if name == "llama" else
                (tf.GraniteConfig, tf.GraniteForCausalLM)), o
    if name == "mistral":
        o["sliding_window"] = draw.choice([None, window])
        return (tf.MistralConfig, tf.MistralForCausalLM), o
    if name in ("qwen2", "qwen3"):
        o.update(use_sliding_window=draw.random() < 0.6, sliding_window=window,
                 max_window_layers=draw.randint(0, 4))
        if name == "qwen3":
            o.update(bias)
            return (tf.Qwen3Config, tf.Qwen3ForCausalLM), o
        return (tf.Qwen2Config, tf.Qwen2ForCausalLM), o
    if name == "gemma":
        o.update(bias)
        return (tf.GemmaConfig, tf.GemmaForCausalLM), o
    if name == "gemma2":
        o.update(bias, sliding_window=window, query_pre_attn_scalar=draw.choice([4, 13]),
                 attn_logit_softcapping=draw.choice([None, 1.0, 50.0]),
                 final_logit_softcapping=draw.choice([None, 2.0, 30.0]))
        return (tf.Gemma2Config, tf.Gemma2ForCausalLM), o
    if name == "gemma3_text":
        o["rope_parameters"] = {"full_attention": rope(draw, dim, ("default", "linear")),
                                "sliding_attention": rope(draw, dim, ("default",))}
        o.update(bias, sliding_window=window, query_pre_attn_scalar=draw.choice([4, 13]),
                 final_logit_softcapping=draw.choice([None, 2.0]),
                 layer_types=[draw.choice(["full_attention", "sliding_attention"])
                              for _ in range(o["num_hidden_layers"])])
        return (tf.Gemma3TextConfig, tf.Gemma3ForCausalLM), o
    if name == "phi3":
        share = draw.choice([0.5, 1.0]) if dim % 4 == 0 else 1.0
        scaling = rope(draw, int(dim * share), ("default", "longrope"))
        original = scaling.pop("original_max_position_embeddings", 4096)
        o.update(sliding_window=draw.choice([None, window]),
                 original_max_position_embeddings=original,
                 rope_parameters={**scaling, "partial_rotary_factor": share})
        return (tf.Phi3Config, tf.Phi3ForCausalLM), o
    if name == "olmo2":
        o.update(bias)
        return (tf.Olmo2Config, tf.Olmo2ForCausalLM), o
    o.update(bias, mlp_bias=draw.random() < 0.3, use_sliding_window=draw.random() < 0.5,
             sliding_window=window, no_rope_layer_interval=draw.choice([2, 3, 4]))
    return (tf.SmolLM3Config, tf.SmolLM3ForCausalLM), o


def build(draw, folder):
    found, rest = family(draw)
    config, cls = (found[0](**rest), found[1]) if isinstance(found, tuple) else (found, rest)
    config._attn_implementation = "eager"
    model = cls(config).eval()
    gemma = "gemma" in config.model_type
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape)
        norm = parameter.dim() == 1 and name.endswith("weight")
        parameter.data = (0 if gemma else 1) + 0.2 * noise if norm else 0.2 * noise
    model.tie_weights()
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = folder / "config.json"
    written = json.loads(path.read_text())
    scaling = written.get("rope_parameters")
    if scaling and "rope_type" in scaling and draw.random() < 0.5:  # as version 4 wrote it
        del written["rope_parameters"]
        neox = config.model_type == "gpt_neox"
        written["rotary_emb_base" if neox else "rope_theta"] = scaling.pop("rope_theta")
        if "partial_rotary_factor" in scaling:
            key = "rotary_pct" if neox else "partial_rotary_factor"
            written[key] = scaling.pop("partial_rotary_factor")
        written["rope_scaling"] = None if scaling["rope_type"] == "default" else scaling
        if draw.random() < 0.3 and written["rope_scaling"]:
            scaling["type"] = scaling.pop("rope_type")
        if config.model_type in ("qwen2", "qwen3", "gemma2", "smollm3"):
            written.pop("layer_types", None)
        path.write_text(json.dumps(written))
    return model


def main():
    moonlet, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    draw = random.Random(seed)
    torch.manual_seed(seed)
    tf.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as base:
        cases, wanted = [], []
        for i in range(rounds):
            folder = Path(base) / str(i)
            model = build(draw, folder)
            ids = torch.randint(0, model.config.vocab_size, (1, draw.choice([1, 7, 30, 90])))
            new = draw.choice([0, 40])
            with torch.no_grad():
                logits = model(ids).logits[0]
                tokens = []
                if new:
                    model.generation_config.eos_token_id = None
                    whole = model.generate(ids, attention_mask=torch.ones_like(ids), pad_token_id=0,
                                           do_sample=False, max_new_tokens=new)
                    tokens = whole[0, ids.shape[1]:].tolist()
            cases.append({"folder": str(folder), "ids": ids[0].tolist(), "new": new})
            wanted.append((model.config, logits, tokens))
        (Path(base) / "cases.json").write_text(json.dumps(cases))
        (Path(base) / "read.lua").write_text(READER)
        out = subprocess.run([moonlet, base + "/read.lua", base + "/cases.json"], text=True,
                             capture_output=True)
        print(out.stdout[-4000:] + out.stderr[-2000:], end="")
        worst, bad, seen = 0.0, 0, {}
        for case, (config, logits, tokens) in zip(cases, wanted):
            path = Path(case["folder"]) / "ours.json"
            seen[config.model_type] = seen.get(config.model_type, 0) + 1
            if not path.exists():
                bad += 1
                continue
            ours = json.loads(path.read_text())
            difference = (torch.tensor(ours["logits"]) - logits).abs().max().item()
            worst = max(worst, difference)
            if not difference <= LIMIT or (tokens and ours["tokens"] != tokens):
                bad += 1
                print(config.model_type, f"{difference:.1e}", len(case["ids"]), "tokens",
                      getattr(config, "sliding_window", None), case["folder"],
                      getattr(config, "rope_parameters", None),
                      "" if difference > LIMIT else
                      "greedy differs: %s %s" % (tokens, ours["tokens"]))
        print(f"{rounds} models, {bad} wrong, greatest difference {worst:.1e}; {seen}")


main()
