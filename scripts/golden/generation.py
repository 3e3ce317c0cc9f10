# SPDX-License-Identifier: Apache-2.0
"""Numbers of transformers for tests/engine/generation.

Writes tests/golden/generation/:
  sampler.json          filtered probabilities of the LogitsProcessors and Warpers, random rows
                        and rows with ties
  llama/                a tiny random llama with its own byte-level tokenizer and chat template,
                        as models.load takes it
  generate.json         what generate() writes with it: greedy, penalised, ids and
                        log-probabilities; likelihoods
  minilm.json           sentences; minilm.safetensors: their embeddings, f32 [sentences, 384]
Needs transformers and tokenizers; MiniLM's folder is .deps/minilm or the first argument.
"""

import json
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
    (OUT / name).write_text(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )


def floats(tensor):
    return [float(f"{x:.9g}") for x in tensor.flatten().tolist()]


# ---- sampler

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
    write(
        "sampler.json",
        {
            "peer": PEER,
            "seen": seen,
            "rows": {k: floats(v) for k, v in rows.items()},
            "cases": cases,
        },
    )


# ---- a tiny model and what it writes

TEXT = [
    "The moon orbits the earth.",
    "달은 지구를 돈다.",
    "Tides follow the moon; 밀물과 썰물.",
    "🌕🌖🌗 and the night",
] * 4
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIALS = ["<s>", "</s>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def make_tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tok.train_from_iterator(TEXT, trainer)
    tok.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 0)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tok, bos_token="<s>", eos_token="</s>", chat_template=TEMPLATE
    )


def make_model(vocab):
    torch.manual_seed(SEED)
    config = transformers.LlamaConfig(
        vocab_size=vocab,
        hidden_size=48,
        intermediate_size=80,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.2,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=False,
    )
    model = transformers.LlamaForCausalLM(config).eval()
    # Two ids end a text: that of config.json, and one that only generation_config.json knows.
    model.generation_config = transformers.GenerationConfig(bos_token_id=0, eos_token_id=[1, 2])
    return model


def written(model, ids, count, **settings):
    out = model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=count,
        do_sample=False,
        pad_token_id=0,
        return_dict_in_generate=True,
        output_logits=True,
        **settings,
    )
    tokens = out.sequences[0, len(ids) :].tolist()
    logprobs = [float(step[0].float().log_softmax(-1)[t]) for step, t in zip(out.logits, tokens)]
    return {"ids": ids, "max_tokens": count, **settings, "tokens": tokens, "logprobs": logprobs}


def likelihood(model, tok, context, continuation):
    # As lm-evaluation-harness cuts: blanks at the context's end belong to the continuation.
    blanks = len(context) - len(context.rstrip())
    if blanks:
        context, continuation = context[:-blanks], context[-blanks:] + continuation
    whole = tok(context + continuation)["input_ids"]
    start = len(tok(context)["input_ids"])
    logprobs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
    picked = [float(logprobs[i - 1, whole[i]]) for i in range(start, len(whole))]
    greedy = all(int(logprobs[i - 1].argmax()) == whole[i] for i in range(start, len(whole)))
    return {"logprob": sum(picked), "greedy": greedy, "logprobs": picked}


@torch.no_grad()
def model_numbers():
    tok = make_tokenizer()
    model = make_model(len(tok))
    folder = OUT / "llama"
    model.save_pretrained(folder)
    tok.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    prompts = [tok("The moon")["input_ids"], tok("달은 지구")["input_ids"], [7]]
    prompts.append(torch.randint(6, len(tok), (70,)).tolist())  # more than one prefill block
    cases = []
    for ids in prompts:
        for settings in ({}, {"repetition_penalty": 1.4}):
            cases.append(written(model, ids, 40, **settings))
    # A run that its own fifth token ends: given as the second end id.
    free = written(model, prompts[0], 12, repetition_penalty=1.4)
    end = free["tokens"][4]
    assert end not in free["tokens"][:4]
    cases.append(written(model, prompts[0], 12, repetition_penalty=1.4, eos_token_id=[1, end]))
    pairs = [
        ("The moon", " orbits"),
        ("The moon ", "orbits the earth."),
        ("달은", " 지구를 돈다."),
        ("", "The night"),
    ]
    # One continuation is the greedy one, so that `greedy` is true once.
    best = tok.decode(written(model, prompts[0], 1)["tokens"])
    assert tok("The moon" + best)["input_ids"][:-1] == prompts[0]
    pairs.append(("The moon", best))
    likelihoods = [
        {"context": c, "continuation": t, **likelihood(model, tok, c, t)} for c, t in pairs
    ]
    logits = model(torch.tensor([prompts[0]])).logits[0]
    probabilities, ids = logits[-1].softmax(-1).topk(8)
    embedded = []
    for text in TEXT[:4]:
        states = model.model(torch.tensor([tok(text)["input_ids"]])).last_hidden_state[0]
        embedded.append({"text": text, "mean": floats(states.mean(0))})
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "달?"}]
    write(
        "generate.json",
        {
            "peer": PEER,
            "cases": cases,
            "likelihoods": likelihoods,
            "logits": {"ids": prompts[0], "shape": list(logits.shape), "values": floats(logits)},
            "next": {
                "ids": prompts[0],
                "top": ids.tolist(),
                "probabilities": floats(probabilities),
            },
            "embedded": embedded,
            "chat": {
                "messages": messages,
                "text": tok.apply_chat_template(
                    messages, tokenize=False, add_generation_prompt=True
                ),
            },
        },
    )


# ---- MiniLM

SENTENCES = [
    "The moon orbits the earth.",
    "A small satellite moves around our planet.",
    "How does LoRA differ from full fine-tuning?",
    "Tides are caused by the gravity of the moon and the sun.",
    "I had noodles for lunch.",
    "달은 지구를 돈다.",
    "밀물과 썰물은 달의 인력 때문에 생긴다.",
    "오늘 점심에는 국수를 먹었다.",
    "Zürich, naïve café: déjà vu!",
    "x = [i ** 2 for i in range(10)]  # squares",
    "",
    "A long text is cut at the model's limit. " * 60,
]


@torch.no_grad()
def minilm(folder):
    # As sentence-transformers' modules.json asks: 256 tokens, mean over the mask, unit length.
    tok = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    vectors = []
    for text in SENTENCES:
        batch = tok([text], truncation=True, max_length=256, padding=False, return_tensors="pt")
        vectors.append(
            torch.nn.functional.normalize(model(**batch).last_hidden_state[0].mean(0), dim=0)
        )
    write("minilm.json", {"peer": PEER, "sentences": SENTENCES})
    save_file({"embeddings": torch.stack(vectors).contiguous()}, OUT / "minilm.safetensors")
    (OUT / "minilm.safetensors").chmod(0o644)


if __name__ == "__main__":
    sampler()
    model_numbers()
    minilm(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".deps/minilm")
