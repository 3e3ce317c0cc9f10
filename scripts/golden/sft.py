# SPDX-License-Identifier: Apache-2.0
"""Supervised fine-tunings by transformers, torch and peft for tests/engine/trainers.

Writes tests/golden/trainers/sft/:
  llama/ gpt2/   tiny random f32 models with a tokenizer and a chat template, as models.load takes
  lora/          a random adapter in PEFT's layout, where the lora case starts
  sft.json       rows; what apply_chat_template makes of them (text, ids, assistant mask); and for
                 each case options, and loss, gradient norm and rate of 20 steps, the norm of each
                 trained tensor at the end
  logits.safetensors   of one conversation after each case
Batches are padded at the right with an attention mask, labels are -100 outside the answers, and the
loss is the model's own with num_items_in_batch, as transformers' Trainer calls it.
"""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# This folder has a tokenizers.py too; the package of that name is wanted.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != ROOT / "scripts/golden"]

import peft  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers  # noqa: E402
from tokenizers import trainers as tokenizer_trainers  # noqa: E402

spec = importlib.util.spec_from_file_location("cpt", ROOT / "scripts/golden/trainers.py")
cpt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cpt)

OUT = ROOT / "tests/golden/trainers/sft"
SEED = 20261121
PEER = {
    "transformers": transformers.__version__,
    "torch": torch.__version__,
    "peft": peft.__version__,
    "seed": SEED,
}
TEMPLATE = """{%- for message in messages %}
{{- "<|im_start|>" ~ message.role ~ "\\n" }}
{%- if message.role == "assistant" %}
{%- generation %}{{- message.content ~ "<|im_end|>" }}{%- endgeneration %}
{%- else %}
{{- message.content ~ "<|im_end|>" }}
{%- endif %}
{{- "\\n" }}
{%- endfor %}
{%- if add_generation_prompt %}{{- "<|im_start|>assistant\\n" }}{%- endif %}"""
WORDS = "the moon pulls sea twice a day and tide comes back one two three café 달 바다 물".split()


def conversations():
    random = cpt.Random(SEED)

    def words(low, high):
        count = low + random.below(high - low)
        return " ".join(WORDS[random.below(len(WORDS))] for _ in range(count))

    rows = []
    for i in range(22):
        messages = [{"role": "system", "content": words(1, 4)}] if i % 3 == 0 else []
        for _ in range(1 + i % 3):
            messages.append({"role": "user", "content": words(1, 9)})
            messages.append({"role": "assistant", "content": words(1, 12)})
        rows.append({"messages": messages})
    rows.append({"messages": [{"role": "user", "content": "nobody answers"}]})  # nothing counts
    return rows


def make_tokenizer(rows):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = tokenizer_trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(
        [m["content"] for r in rows for m in r["messages"]], trainer=trainer
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=TEMPLATE,
    )


def make_models(tokenizer):
    common = {
        "vocab_size": len(tokenizer),
        "initializer_range": 0.1,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
    }
    llama = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=96,
            tie_word_embeddings=True,
            **common,
        )
    )
    gpt2 = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=96,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            **common,
        )
    )
    return {"llama": llama, "gpt2": gpt2}


def save(folder, model, tokenizer):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)


def rendered(tokenizer, row):
    text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
    both = tokenizer.apply_chat_template(
        row["messages"], return_dict=True, return_assistant_tokens_mask=True
    )
    return {"text": text, "ids": both["input_ids"], "mask": both["assistant_masks"]}


def padded(batch, pad):
    """ids, attention mask and labels [rows, longest]; the first token is never asked for."""
    width = max(len(ids) for ids, _ in batch)
    ids = [i + [pad] * (width - len(i)) for i, _ in batch]
    seen = [[1] * len(i) + [0] * (width - len(i)) for i, _ in batch]
    labels = [
        [t if on and at else -100 for at, (t, on) in enumerate(zip(i, m))]
        + [-100] * (width - len(i))
        for i, m in batch
    ]
    return torch.tensor(ids), torch.tensor(seen), torch.tensor(labels)


def train(model, told, o, pad):
    """The sequences cut at max_length + 1 ids: max_length of them are read."""
    length = o["max_length"] + 1
    rows = [(t["ids"][:length], t["mask"][:length]) for t in told]
    rows = [r for r in rows if any(r[1][1:])]
    per_step = o["batch_size"] * o["accumulate"]
    in_epoch = -(-len(rows) // per_step)
    total = o["max_steps"]
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": o["weight_decay"]},
            {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0},
        ],
        lr=o["lr"],
        betas=(o["beta1"], o["beta2"]),
        eps=o["eps"],
    )
    scheduler = cpt.schedule_of(optimizer, o, -int(-total * o["warmup_ratio"] // 1), total)
    random, steps = cpt.Random(o["seed"]), []
    model.train()
    for step in range(total):
        if step % in_epoch == 0:
            order = random.permutation(len(rows))
        begin = step % in_epoch * per_step
        chosen = [rows[r] for r in order[begin : begin + per_step]]
        micro = [chosen[i : i + o["batch_size"]] for i in range(0, len(chosen), o["batch_size"])]
        counted = sum(sum(mask[1:]) for _, mask in chosen)
        optimizer.zero_grad()
        loss = 0.0
        for batch in micro:
            ids, seen, labels = padded(batch, pad)
            part = model(
                input_ids=ids, attention_mask=seen, labels=labels, num_items_in_batch=counted
            ).loss
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(trained, o["max_grad_norm"]).item()
        rate = scheduler.get_last_lr()[0]
        optimizer.step()
        scheduler.step()
        steps.append({"loss": loss, "grad_norm": norm, "lr": rate, "tokens": counted})
    return steps


OPTIONS = {
    "lr": 3e-3,
    "max_steps": 20,
    "batch_size": 3,
    "accumulate": 2,
    "max_length": 56,
    "packing": False,
    "warmup_ratio": 0.2,
    "schedule": "cosine",
    "min_lr_ratio": 0.0,
    "weight_decay": 0.1,
    "beta1": 0.9,
    "beta2": 0.95,
    "eps": 1e-6,
    "max_grad_norm": 1.5,
    "seed": 5,
}
LORA = {"tune": "lora", "rank": 4, "alpha": 8}
LORA.update({"lr": 2e-2, "weight_decay": 0.02, "max_grad_norm": 0.5})


def main():
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    rows = conversations()
    tokenizer = make_tokenizer(rows)
    told = [rendered(tokenizer, row) for row in rows]
    probe = torch.tensor([told[2]["ids"][:80]])
    cases, logits = [], {}
    for name, model in make_models(tokenizer).items():
        save(OUT / name, model, tokenizer)
        if name == "llama":
            frozen = {k: v.clone() for k, v in model.state_dict().items()}
        steps = train(model, told, OPTIONS, tokenizer.pad_token_id)
        with torch.no_grad():
            logits[name] = model(probe).logits[0].clone()
        norms = {k: p.norm().item() for k, p in model.named_parameters()}
        cases.append(
            {"name": name, "model": name, "options": OPTIONS, "steps": steps, "norms": norms}
        )
        if name == "llama":
            model.load_state_dict(frozen)
            base = model
    config = peft.LoraConfig(
        r=LORA["rank"],
        lora_alpha=LORA["alpha"],
        target_modules=["q_proj", "v_proj", "up_proj", "down_proj"],
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    tuned = peft.get_peft_model(base, config)
    with torch.no_grad():  # as a training that is under way: B is small, not zero
        for key, p in tuned.named_parameters():
            if "lora_B" in key:
                p.mul_(0.1)
    tuned.peft_config["default"].base_model_name_or_path = "llama"
    tuned.save_pretrained(OUT / "lora")
    (OUT / "lora/README.md").unlink(missing_ok=True)
    (OUT / "lora/adapter_model.safetensors").chmod(0o644)
    options = {**OPTIONS, **LORA}
    steps = train(tuned, told, options, tokenizer.pad_token_id)
    tuned.eval()
    with torch.no_grad():
        logits["lora"] = tuned(probe).logits[0].clone()
    norms = {
        k.replace(".default", ""): p.norm().item()
        for k, p in tuned.named_parameters()
        if p.requires_grad
    }
    cases.append(
        {"name": "lora", "model": "llama", "options": options, "steps": steps, "norms": norms}
    )
    save_file(logits, OUT / "logits.safetensors")
    (OUT / "logits.safetensors").chmod(0o644)
    text = json.dumps(
        {"peer": PEER, "rows": rows, "told": told, "probe": told[2]["ids"][:80], "cases": cases},
        separators=(",", ":"),
        ensure_ascii=False,
    )
    (OUT / "sft.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
