# SPDX-License-Identifier: Apache-2.0
"""Numbers of torch and transformers for tests/engine/trainers.

Writes tests/golden/trainers/:
  llama/                 a tiny random llama in f32, as models.load takes it
  cpt.json               documents, options and, for each case, loss, gradient norm and learning
                         rate of each step
  cosine, floor          .safetensors: the parameters after the last step of these cases
  gradients.safetensors  those of the first step of cosine
  schedule.json          learning rates of transformers' schedules
Every piece of a document runs by itself here, without packing, masks or padding, so that these are
checked too.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# This folder has a tokenizers.py too; the package of that name is wanted.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != ROOT / "scripts/golden"]

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import optimization  # noqa: E402

OUT = ROOT / "tests/golden/trainers"
SEED = 20261121
PEER = {"transformers": transformers.__version__, "torch": torch.__version__, "seed": SEED}
MASK = (1 << 64) - 1


def write(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="utf-8")


class Random:
    """SplitMix64 seeding xoshiro256** (Blackman & Vigna 2018), as core/random.h says."""

    def __init__(self, seed):
        self.s = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.s.append(z ^ (z >> 31))

    def next(self):
        def rotl(x, k):
            return ((x << k) | (x >> (64 - k))) & MASK

        s = self.s
        result = (rotl((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result

    def below(self, bound):
        limit = MASK - MASK % bound
        while True:
            value = self.next()
            if value < limit:
                return value % bound

    def permutation(self, n):
        order = list(range(n))
        for i in range(n, 1, -1):
            j = self.below(i)
            order[i - 1], order[j] = order[j], order[i - 1]
        return order


def rows_of(documents, length, packing):
    """Rows of (inputs, targets) pieces; each document predicts all its ids but the first."""
    rows, row, room = [], [], length
    for ids in documents:
        inputs, targets = ids[:-1], ids[1:]
        while inputs:
            row.append((inputs[:room], targets[:room]))
            used = len(row[-1][0])
            inputs, targets, room = inputs[used:], targets[used:], room - used
            if room == 0 or not packing:
                rows.append(row)
                row, room = [], length
    return rows + ([row] if row else [])


def schedule_of(optimizer, o, warmup, total):
    if o["schedule"] == "linear":
        return optimization.get_linear_schedule_with_warmup(optimizer, warmup, total)
    if o["schedule"] == "constant":
        return optimization.get_constant_schedule_with_warmup(optimizer, warmup)
    if o.get("min_lr_ratio"):
        return optimization.get_cosine_with_min_lr_schedule_with_warmup(
            optimizer, warmup, total, min_lr_rate=o["min_lr_ratio"]
        )
    return optimization.get_cosine_schedule_with_warmup(optimizer, warmup, total)


def train(model, documents, o, gradients=None):
    rows = rows_of(documents, o["max_length"], o["packing"])
    per_step = o["batch_size"] * o["accumulate"]
    in_epoch = -(-len(rows) // per_step)
    total = o.get("max_steps") or in_epoch * o["epochs"]
    flat = [p for p in model.parameters() if p.dim() == 1]
    wide = [p for p in model.parameters() if p.dim() > 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": wide, "weight_decay": o["weight_decay"]},
            {"params": flat, "weight_decay": 0.0},
        ],
        lr=o["lr"],
        betas=(o["beta1"], o["beta2"]),
        eps=o["eps"],
    )
    scheduler = schedule_of(optimizer, o, -int(-total * o["warmup_ratio"] // 1), total)
    random, steps = Random(o["seed"]), []
    for step in range(total):
        if step % in_epoch == 0:
            order = random.permutation(len(rows))
        begin = step % in_epoch * per_step
        pieces = [p for r in order[begin : begin + per_step] for p in rows[r]]
        counted = sum(len(targets) for _, targets in pieces)
        optimizer.zero_grad()
        loss = 0.0
        for inputs, targets in pieces:
            logits = model(torch.tensor([inputs])).logits[0]
            part = (
                torch.nn.functional.cross_entropy(logits, torch.tensor(targets), reduction="sum")
                / counted
            )
            part.backward()
            loss += part.item()
        limit = o["max_grad_norm"] or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), limit).item()
        if step == 0 and gradients is not None:
            gradients.update({name: p.grad.clone() for name, p in model.named_parameters()})
        rate = scheduler.get_last_lr()[0]
        optimizer.step()
        scheduler.step()
        steps.append({"loss": loss, "grad_norm": norm, "lr": rate, "tokens": counted})
    return steps


BASE = {
    "lr": 3e-3,
    "epochs": 2,
    "batch_size": 2,
    "accumulate": 2,
    "max_length": 16,
    "packing": True,
    "warmup_ratio": 0.3,
    "schedule": "cosine",
    "min_lr_ratio": 0.0,
    "weight_decay": 0.1,
    "beta1": 0.9,
    "beta2": 0.95,
    "eps": 1e-6,
    "max_grad_norm": 0.7,
    "seed": 11,
}
CASES = {
    "cosine": {},
    "floor": {
        "min_lr_ratio": 0.25,
        "packing": False,
        "batch_size": 3,
        "max_steps": 5,
        "weight_decay": 0.0,
    },
    "linear": {
        "schedule": "linear",
        "max_grad_norm": 0.0,
        "accumulate": 1,
        "epochs": 1,
        "max_length": 24,
    },
    "constant": {"schedule": "constant", "max_steps": 5, "beta1": 0.8, "eps": 1e-5, "seed": 3},
}


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    config = transformers.LlamaConfig(
        vocab_size=80,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        initializer_range=0.1,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=True,
    )
    model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(OUT / "llama")
    (OUT / "llama/model.safetensors").chmod(0o644)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    documents = [
        torch.randint(2, 80, (n,)).tolist() for n in (5, 9, 40, 2, 1, 17, 23, 3, 16, 11, 30, 7)
    ]
    cases, gradients = [], {}
    for name, changes in CASES.items():
        model.load_state_dict(start)
        options = {**BASE, **changes}
        steps = train(model, documents, options, gradients if name == "cosine" else None)
        cases.append({"name": name, "options": options, "steps": steps})
        if name not in ("cosine", "floor"):
            continue
        save_file(
            {k: p.detach().clone() for k, p in model.named_parameters()},
            OUT / f"{name}.safetensors",
        )
        (OUT / f"{name}.safetensors").chmod(0o644)
    save_file(gradients, OUT / "gradients.safetensors")
    (OUT / "gradients.safetensors").chmod(0o644)
    write("cpt.json", {"peer": PEER, "documents": documents, "cases": cases})

    rates = []
    for kind, floor, warmup, total in (
        ("cosine", 0, 0, 1),
        ("cosine", 0, 3, 10),
        ("cosine", 0, 0, 7),
        ("cosine", 0.1, 2, 9),
        ("linear", 0, 3, 10),
        ("constant", 0, 4, 6),
        ("cosine", 0, 5, 5),
        ("linear", 0, 0, 4),
    ):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.02)
        scheduler = schedule_of(optimizer, {"schedule": kind, "min_lr_ratio": floor}, warmup, total)
        values = []
        for _ in range(total):
            values.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        rates.append(
            {
                "kind": kind,
                "lr": 0.02,
                "min_lr_ratio": floor,
                "warmup": warmup,
                "total": total,
                "rates": values,
            }
        )
    write("schedule.json", {"peer": PEER, "cases": rates})


if __name__ == "__main__":
    main()
