# SPDX-License-Identifier: Apache-2.0
"""Numbers of transformers and sentence-transformers for tests/engine/generation.

Writes tests/golden/generation/:
  sampler.json          filtered probabilities of the LogitsProcessors and Warpers, random rows and rows with ties
  llama-*/              tiny random llama folders with their own byte-level tokenizer, as models.load takes them
  generate.json         what generate() writes with them: greedy, penalised, ids and log-probabilities; likelihoods
  minilm.json           sentences; minilm.safetensors: their embeddings, f32 [sentences, 384]
Needs transformers, tokenizers, sentence-transformers; MiniLM's folder is .deps/minilm or the first argument.
"""
import json
import os
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/generation"
SEED = 20261121
PEER = {"transformers": transformers.__version__, "torch": torch.__version__, "seed": SEED}


def write(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def floats(tensor):
    return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]


# ---- sampler ----------------------------------------------------------------------------------------------------

SETTINGS = [
    {"temperature": t, **more}
    for t in (0.3, 1.0, 1.7)
    for more in (
        {},
        {"top_k": 1},
        {"top_k": 7},
        {"top_k": 500},
        {"top_p": 0.0},
        {"top_p": 0.5},
        {"top_p": 0.95},
        {"min_p": 0.08},
        {"top_k": 20, "top_p": 0.8},
        {"top_p": 0.9, "min_p": 0.03},
        {"top_k": 12, "top_p": 0.9, "min_p": 0.05},
        {"repetition_penalty": 1.3},
        {"repetition_penalty": 0.8, "top_k": 9},
        {"repetition_penalty": 2.0, "top_k": 25, "top_p": 0.7, "min_p": 0.02},
    )
]


def filtered(logits, seen, s):
    from transformers.generation import logits_process as lp

    chain = []
    if s.get("repetition_penalty", 1.0) != 1.0:
        chain.append(lp.RepetitionPenaltyLogitsProcessor(s["repetition_penalty"]))
    chain.append(lp.TemperatureLogitsWarper(s["temperature"]))
    if s.get("top_k", 0):
        chain.append(lp.TopKLogitsWarper(s["top_k"]))
    if s.get("top_p", 1.0) < 1.0:
        chain.append(lp.TopPLogitsWarper(s["top_p"]))
    if s.get("min_p", 0.0):
        chain.append(lp.MinPLogitsWarper(s["min_p"]))
    scores = logits[None].clone()
    for step in chain:
        scores = step(torch.tensor([seen]), scores)
    return scores.softmax(-1)[0]


def sampler():
    torch.manual_seed(SEED)
    rows = {
        "random": torch.randn(64) * 3,
        "peaked": torch.randn(64) * 8,
        "ties": (torch.randn(64) * 3).round(),  # about six entries a value
    }
    seen = [3, 9, 9, 17, 40, 63, 3]
    cases = []
    for row, logits in rows.items():
        for s in SETTINGS:
            cases.append({"row": row, **s, "probabilities": floats(filtered(logits, seen, s))})
    write("sampler.json", {"peer": PEER, "seen": seen, "rows": {k: floats(v) for k, v in rows.items()}, "cases": cases})


if __name__ == "__main__":
    sampler()
