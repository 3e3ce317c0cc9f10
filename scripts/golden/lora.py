# SPDX-License-Identifier: Apache-2.0
"""Adapters of peft over the tiny models of tests/golden/models, and what they compute.

Writes tests/golden/adapters/<case>/: adapter_config.json and adapter_model.safetensors as peft
saves them (A and B random), and golden.safetensors: ids int64 [1, T], logits (or hidden, for models
without a head) in f32; the metadata names the base model's folder, versions and seed.
<case> "llama-sum" has two adapters, below first/ and second/, and is computed with both on.
And tests/golden/adapters/sft/: 20 steps of instruction tuning of tests/golden/trainers/llama under
an adapter: start/ and end/ as peft saves them; sft.json with rows (input_ids, labels), options and
each step's loss, gradient norm and learning rate. Batches are padded, with attention masks, and the
loss is transformers' own, over the counted tokens of the whole step.

  lora.py                    writes all of these
  lora.py --check MOONLET    the other way round: that program writes adapters over the same models,
                             peft opens them, and the greatest difference of logits is printed
"""
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import peft  # noqa: E402
import torch  # noqa: E402
import transformers as tf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests/golden/models"
OUT = ROOT / "tests/golden/adapters"
SEED = 20261121
LENGTH = 11

# case: (base, options of LoraConfig)
CASES = {
    "llama-all": ("llama-gqa", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "llama-rslora": ("llama-gqa", dict(r=8, lora_alpha=16, use_rslora=True,
                                       target_modules=["q_proj", "v_proj"])),
    "llama-patterns": ("llama-gqa", dict(
        r=4, lora_alpha=6, target_modules="all-linear",
        rank_pattern={"down_proj": 2, "layers.0.self_attn.q_proj": 6},
        alpha_pattern={r"^model.layers.1.mlp.*": 3, "k_proj": 10})),
    "llama-regex": ("llama-gqa", dict(r=3, target_modules=r".*\.layers\.1\..*(q|o)_proj")),
    "llama-layers": ("llama-gqa", dict(r=4, target_modules=["up_proj"], layers_to_transform=[1])),
    "llama-bf16": ("llama-mqa-bf16", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "gpt2-conv1d": ("gpt2-tied", dict(r=4, target_modules=["c_attn", "c_proj"],
                                      fan_in_fan_out=True)),
    "gpt2-bare": ("gpt2-bare", dict(r=4, target_modules="all-linear", fan_in_fan_out=True)),
    "qwen3-all": ("qwen3-gqa-tied", dict(r=4, target_modules="all-linear")),
    "phi3-all": ("phi3-window", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "gpt_neox-fused": ("gpt_neox-parallel", dict(r=4, target_modules=[
        "query_key_value", "dense_4h_to_h"])),
    "gemma2-all": ("gemma2-window", dict(r=3, target_modules="all-linear")),
    "openai-gpt-bare": ("openai-gpt-bare", dict(r=4, target_modules="all-linear",
                                                fan_in_fan_out=True)),
    "bert-bare": ("bert-bare", dict(r=4, target_modules="all-linear")),
    "bert-mlm": ("bert-mlm", dict(r=4, target_modules=["query", "value", "dense"])),
}
SUM = ("llama-gqa", {"first": dict(r=4, target_modules=["q_proj", "up_proj"]),
                     "second": dict(r=2, lora_alpha=4, target_modules=["q_proj", "o_proj"])})


# The options of trainers.sft; the order of rows is ours (core/random.h), by trainers.py's class.
SFT = dict(lr=1e-2, max_steps=20, batch_size=3, accumulate=2, max_length=64, packing=False,
           warmup_ratio=0.1, schedule="cosine", weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
           max_grad_norm=0.8, seed=17)


def base_model(name):
    folder = MODELS / name
    config = tf.AutoConfig.from_pretrained(folder)
    config._attn_implementation = "eager"
    cls = getattr(tf, config.architectures[0])
    dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
    return cls.from_pretrained(folder, config=config, dtype=dtype).eval()


def randomise(model):
    """Both halves random: what B = 0 would hide is to be seen."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.1)


def answer(model, ids):
    with torch.no_grad():
        out = model(input_ids=ids)
    return {"logits": out.logits} if hasattr(out, "logits") else {"hidden": out[0]}


def write_golden(folder, base, model, ids):
    found = {"ids": ids, **{k: v.float().contiguous() for k, v in answer(model, ids).items()}}
    save_file(found, folder / "golden.safetensors", metadata={
        "base": base, "peft": peft.__version__, "transformers": tf.__version__,
        "torch": torch.__version__, "seed": str(SEED)})


def save(model, folder):
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    for config in folder.rglob("adapter_config.json"):  # no path of the machine it was made on
        value = json.loads(config.read_text())
        value["base_model_name_or_path"] = Path(value["base_model_name_or_path"]).name
        config.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    for file in folder.rglob("*.safetensors"):
        file.chmod(0o644)


def make(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(SEED)
    if name == "llama-sum":
        base, adapters = SUM
        model = base_model(base)
        for adapter, options in adapters.items():
            config = peft.LoraConfig(**options)
            if isinstance(model, peft.PeftModel):
                model.add_adapter(adapter, config)
            else:
                model = peft.get_peft_model(model, config, adapter_name=adapter)
        randomise(model)
        save(model, folder)
        model.base_model.set_adapter(list(adapters))
    else:
        base, options = CASES[name]
        model = peft.get_peft_model(base_model(base), peft.LoraConfig(**options))
        randomise(model)
        save(model, folder)
    model.eval()
    ids = torch.randint(0, model.config.vocab_size, (1, LENGTH))
    write_golden(folder, base, model, ids)
    count = sum(p.numel() for n, p in model.named_parameters() if "lora_" in n)
    print(f"{name:16} {base:18} {count:6} parameters")


def sft_rows():
    rows = []
    for length, prompt in ((5, 2), (31, 12), (9, 1), (2, 1), (17, 9), (24, 20), (3, 1), (40, 6),
                           (12, 11), (27, 13), (8, 4), (15, 3), (6, 5), (33, 17)):
        ids = torch.randint(2, 80, (length,)).tolist()
        rows.append({"input_ids": ids, "labels": [-100] * prompt + ids[prompt:]})
    return rows


def padded(rows):
    width = max(len(r["input_ids"]) for r in rows)
    fill = lambda values, by: values + [by] * (width - len(values))  # noqa: E731
    return {"input_ids": torch.tensor([fill(r["input_ids"], 0) for r in rows]),
            "labels": torch.tensor([fill(r["labels"], -100) for r in rows]),
            "attention_mask": torch.tensor([fill([1] * len(r["input_ids"]), 0) for r in rows])}


def make_sft():
    path = Path(__file__).with_name("trainers.py")
    spec = importlib.util.spec_from_file_location("golden_trainers", path)
    ours = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ours)
    folder = OUT / "sft"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(SEED)
    base = tf.AutoModelForCausalLM.from_pretrained(ROOT / "tests/golden/trainers/llama",
                                                   attn_implementation="eager")
    model = peft.get_peft_model(base, peft.LoraConfig(
        r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    save(model, folder / "start")
    rows, o = sft_rows(), SFT
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=o["lr"], betas=(o["beta1"], o["beta2"]), eps=o["eps"],
                                  weight_decay=o["weight_decay"])
    scheduler = tf.get_cosine_schedule_with_warmup(
        optimizer, -int(-o["max_steps"] * o["warmup_ratio"] // 1), o["max_steps"])
    random, steps, per_step = ours.Random(o["seed"]), [], o["batch_size"] * o["accumulate"]
    in_epoch = -(-len(rows) // per_step)
    model.train()
    for step in range(o["max_steps"]):
        if step % in_epoch == 0:
            order = random.permutation(len(rows))
        begin = step % in_epoch * per_step
        chosen = [rows[i] for i in order[begin:begin + per_step]]
        counted = sum(label != -100 for r in chosen for label in r["labels"][1:])
        optimizer.zero_grad()
        loss = 0.0
        for at in range(0, len(chosen), o["batch_size"]):
            batch = padded(chosen[at:at + o["batch_size"]])
            part = model(**batch, num_items_in_batch=counted).loss
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(trained, o["max_grad_norm"]).item()
        steps.append({"loss": loss, "grad_norm": norm, "lr": scheduler.get_last_lr()[0],
                      "tokens": counted})
        optimizer.step()
        scheduler.step()
    save(model, folder / "end")
    (folder / "sft.json").write_text(json.dumps({
        "peer": {"peft": peft.__version__, "transformers": tf.__version__,
                 "torch": torch.__version__, "seed": SEED},
        "options": o, "rows": rows, "steps": steps}, separators=(",", ":")) + "\n")
    clipped = sum(s["grad_norm"] > o["max_grad_norm"] for s in steps)
    print(f"sft: loss {steps[0]['loss']:.4f} to {steps[-1]['loss']:.4f}, "
          f"{clipped} of {len(steps)} steps clipped")


# Loads each base, gives it an adapter, trains it for three steps so that B is not zero, and writes
# the adapter and its logits; encoders, which are not trained here, pass on peft's own files.
WRITER = """
local out, models_, goldens = arg[1], arg[2], arg[3]
for line in (arg[4]):gmatch "[^;]+" do
    local case, base, targets, rank, rslora = line:match "([^,]+),([^,]+),([^,]+),([^,]+),([^,]+)"
    local m = models.load(models_ .. "/" .. base)
    local ids = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}
    local trained, answer = m, nil
    if base:match "^bert" then
        m:load_adapter(goldens .. "/" .. case)
        m:save(out .. "/" .. case)
    else
        local wanted = targets
        if targets ~= "all-linear" then
            wanted = {}
            for word in targets:gmatch "[^+]+" do wanted[#wanted + 1] = word end
        end
        local t = trainers.cpt{model=m, data={{input_ids=ids}, {input_ids={7, 8, 9, 10}}},
            tune="lora", rank=tonumber(rank), alpha=8, targets=wanted, rslora=rslora == "true",
            lr=0.05, max_steps=3, warmup_ratio=0, seed=1}
        t:run()
        trained = t.model
        trained:save(out .. "/" .. case)
        answer = trained:logits(ids):table()
    end
    local file = assert(io.open(out .. "/" .. case .. "/logits.json", "w"))
    file:write(json.encode{base=base, ids=ids, logits=answer})
    file:close()
end
"""
# Classifiers: the loss over four rows after three steps, which peft must give again.
CLASSIFIER = """
local out, models_ = arg[1], arg[2]
for _, base in ipairs { "llama-gqa", "gpt2-bare", "qwen3-gqa-tied" } do
    local data = {}
    for i, label in ipairs { "low", "high", "low", "high" } do
        data[i] = { input_ids = { 3 * i, 4, 1 + i, 5, 9 + i }, label = label }
    end
    local function step(model, lr, steps)
        local t = trainers.classify { model = model, data = data, tune = "lora", rank = 4, lr = lr,
            max_steps = steps, batch_size = 4, warmup_ratio = 0, seed = 1 }
        t:run()
        return t
    end
    local trained = step(models.load(models_ .. "/" .. base), 0.02, 3).model
    trained:save(out .. "/classify-" .. base)
    local file = assert(io.open(out .. "/classify-" .. base .. "/loss.json", "w"))
    file:write(json.encode { data = data, loss = step(trained, 0, 1).history[1].loss })
    file:close()
end
"""
CHECKS = ["llama-all,llama-gqa,all-linear,4,false", "llama-qv,llama-gqa,q_proj+v_proj,8,true",
          "llama-bf16,llama-mqa-bf16,all-linear,4,false",
          "gpt2-conv1d,gpt2-tied,c_attn+c_proj,4,false", "gpt2-bare,gpt2-bare,all-linear,4,false",
          "qwen3-all,qwen3-gqa-tied,all-linear,4,false", "bert-bare,bert-bare,as-it-is,4,false",
          "bert-mlm,bert-mlm,as-it-is,4,false"]


def check_classifier(folder, base):
    written = json.loads((folder / "loss.json").read_text())
    config = tf.AutoConfig.from_pretrained(MODELS / base, num_labels=2, attn_implementation="eager")
    config.pad_token_id = None
    model = tf.AutoModelForSequenceClassification.from_pretrained(MODELS / base, config=config)
    model = peft.PeftModel.from_pretrained(model, folder).eval()
    loss = 0.0
    for row in written["data"]:  # one by one: no padding
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([row["input_ids"]])).logits
        wanted = torch.tensor([["high", "low"].index(row["label"])])
        loss += torch.nn.functional.cross_entropy(scores, wanted).item() / len(written["data"])
    gap = abs(loss - written["loss"])
    print(f"classify-{base:16} loss {written['loss']:.6f}, peft's {loss:.6f}")
    return gap < 1e-5


def check(moonlet):
    """Adapters that moonlet wrote, opened by peft. True when all agree."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "writer.lua"
        script.write_text(WRITER)
        subprocess.run([moonlet, script, folder, MODELS, OUT, ";".join(CHECKS)], check=True)
        for line in CHECKS:
            case = line.split(",")[0]
            written = json.loads((Path(folder) / case / "logits.json").read_text())
            ids = torch.tensor([written["ids"]])
            base = base_model(written["base"])
            plain = answer(base, ids)
            with_warnings = peft.PeftModel.from_pretrained(base, Path(folder) / case)
            theirs = answer(with_warnings.eval(), ids)
            kind = next(iter(theirs))
            if written.get("logits"):
                ours = torch.tensor(written["logits"]).unsqueeze(0)
            else:  # an encoder: peft's own adapter, read and written by moonlet
                again = peft.PeftModel.from_pretrained(base_model(written["base"]), OUT / case)
                ours = answer(again.eval(), ids)[kind]
            gap = (theirs[kind].float() - ours.float()).abs().max().item()
            moved = (theirs[kind].float() - plain[kind].float()).abs().max().item()
            limit = 0.05 if "bf16" in case else 1e-4
            good &= gap <= limit and moved > 10 * gap
            print(f"{case:16} {kind:7} max difference {gap:.1e}, adapter moves them by {moved:.1e}")
        script.write_text(CLASSIFIER)
        subprocess.run([moonlet, script, folder, MODELS], check=True)
        for base in ("llama-gqa", "gpt2-bare", "qwen3-gqa-tied"):
            good &= check_classifier(Path(folder) / f"classify-{base}", base)
    return good


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(0 if check(sys.argv[2]) else 1)
    for case_name in sys.argv[1:] or [*CASES, "llama-sum", "sft"]:
        make_sft() if case_name == "sft" else make(case_name)
