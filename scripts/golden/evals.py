# SPDX-License-Identifier: Apache-2.0
"""Numbers of scikit-learn, SciPy and transformers for tests/stdlib/test_evals.lua.

Writes tests/golden/evals/evals.json:
  labels       predictions and labels with scikit-learn's accuracy and F1 of every average
  wilson       SciPy's Wilson intervals
  bootstrap    SciPy's percentile interval of a mean, many resamples: ours must come near
  paired       the same for the mean of paired differences
  words        pairs of texts with SQuAD's exact match and F1, computed here from their definition
  likelihood   of texts and choices by transformers with the tiny llama of golden/generation, whole
               and in strided windows
Needs scikit-learn, scipy, transformers.
"""

import json
import random
import re
import string
from collections import Counter
from pathlib import Path

import numpy
import scipy
import sklearn
import torch
import transformers
from scipy import stats
from sklearn import metrics

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/evals"
MODEL = ROOT / "tests/golden/generation/llama"
SEED = 20261121


def labels():
    rng, cases = random.Random(SEED), []
    kinds = ((["a", "b"], 40), (["cat", "dog", "고양이"], 75), (["x", "y", "z", "w"], 9))
    for names, n in kinds:
        gold = [rng.choice(names) for _ in range(n)]
        said = [g if rng.random() < 0.6 else rng.choice(names + ["other"]) for g in gold]
        case = {"predictions": said, "labels": gold, "positive": names[0]}
        case["accuracy"] = metrics.accuracy_score(gold, said)
        for average in ("macro", "micro", "weighted"):
            case[average] = metrics.f1_score(gold, said, average=average, zero_division=0)
        case["binary"] = metrics.f1_score(
            gold, said, labels=[names[0]], average="macro", zero_division=0
        )
        cases.append(case)
    return cases


def wilson():
    rows = []
    for k, n, level in ((0, 5, 0.95), (8, 10, 0.95), (3, 7, 0.9), (50, 50, 0.99), (480, 999, 0.95)):
        ci = stats.binomtest(k, n).proportion_ci(level, method="wilson")
        rows.append({"k": k, "n": n, "level": level, "low": ci.low, "high": ci.high})
    return rows


def bootstrap():
    rng = numpy.random.default_rng(SEED)
    scores = rng.beta(0.7, 0.4, 120)
    ci = stats.bootstrap(
        (scores,), numpy.mean, n_resamples=100_000, method="percentile", random_state=rng
    ).confidence_interval
    other = numpy.clip(scores + rng.normal(0.03, 0.1, 120), 0, 1)
    pair = stats.bootstrap(
        (scores - other,), numpy.mean, n_resamples=100_000, method="percentile", random_state=rng
    )
    below = (pair.bootstrap_distribution >= 0).mean()
    return (
        {"scores": scores.tolist(), "value": scores.mean(), "low": ci.low, "high": ci.high},
        {
            "other": other.tolist(),
            "value": (scores - other).mean(),
            "low": pair.confidence_interval.low,
            "high": pair.confidence_interval.high,
            "p": 2 * min(below, 1 - below),
        },
    )


def normal(s):
    s = "".join(c for c in s.lower() if c not in string.punctuation)
    return " ".join(w for w in s.split() if not re.fullmatch("a|an|the", w))


def word_f1(a, b):
    a, b = normal(a).split(), normal(b).split()
    if not a or not b:
        return float(a == b)
    shared = sum((Counter(a) & Counter(b)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(a), shared / len(b)
    return 2 * precision * recall / (precision + recall)


PAIRS = [
    ("The Moon.", ["moon"]),
    ("a white moon", ["the moon", "white  moon!"]),
    ("sun", ["moon"]),
    ("", ["moon"]),
    ("The", ["an"]),
    ("서울은 한국의 수도", ["한국의 수도 서울은", "부산"]),
    ("yes, yes; no", ["yes no no yes yes"]),
    ("it's 12:30", ["its 1230"]),
]


def words():
    rows = []
    for said, answers in PAIRS:
        rows.append(
            {
                "prediction": said,
                "answers": answers,
                "exact": float(max(normal(said) == normal(a) for a in answers)),
                "f1": max(word_f1(said, a) for a in answers),
            }
        )
    return rows


TEXTS = [
    "Once upon a time there was a king who had twelve daughters.",
    "서울은 한국의 수도입니다.",
    "x",
    "one two three four five six seven eight nine ten " * 6,
]
CHOICES = [
    {"question": "The capital of Korea is", "choices": ["Seoul", "Busan", "a city"], "answer": 1},
    {"question": "Once upon a", "choices": ["time", "king with a long name"], "answer": 2},
    {"question": "달이", "choices": ["뜬다", "진다", "있다"], "answer": 3},
]


@torch.no_grad()
def likelihood():
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    model = transformers.AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()
    begin = model.config.bos_token_id
    if begin is None:
        begin = model.config.eos_token_id
    if isinstance(begin, list):
        begin = begin[0]

    def logprobs(ids):
        logits = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        return [logits[i, t].item() for i, t in enumerate(ids[1:])]

    def rolling(ids, length, stride):
        total, count, told = 0.0, 0, 1
        for start in range(0, len(ids), stride):
            window = ids[start : start + length]
            scores = logprobs(window)[told - start - 1 :]
            total, count, told = total + sum(scores), count + len(scores), start + len(window)
            if told == len(ids):
                return {"logprob": total, "tokens": count}

    context = model.config.max_position_embeddings
    texts = []
    for text in TEXTS:
        ids = [begin] + tokenizer.encode(text, add_special_tokens=False)
        windows = {f"{n},{s}": rolling(ids, n, s) for n, s in ((16, 8), (24, 23), (9, 1))}
        windows["whole"] = rolling(ids, context, context // 2)
        texts.append({"text": text, "bytes": len(text.encode()), "windows": windows})
    choices = []
    for row in CHOICES:
        scores = []
        for choice in row["choices"]:
            first = len(tokenizer.encode(row["question"], add_special_tokens=True))
            ids = tokenizer.encode(row["question"] + " " + choice, add_special_tokens=True)
            scores.append(sum(logprobs(ids)[first - 1 :]))
        lengths = [len(c) for c in row["choices"]]
        choices.append(
            row
            | {
                "logprobs": scores,
                "acc": 1 + int(numpy.argmax(scores)),
                "acc_norm": 1 + int(numpy.argmax(numpy.array(scores) / lengths)),
            }
        )
    return texts, choices


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    single, paired = bootstrap()
    texts, choices = likelihood()
    value = {
        "peer": {
            "sklearn": sklearn.__version__,
            "scipy": scipy.__version__,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "seed": SEED,
        },
        "labels": labels(),
        "wilson": wilson(),
        "bootstrap": single,
        "paired": paired,
        "words": words(),
        "texts": texts,
        "choices": choices,
    }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (OUT / "evals.json").write_text(text + "\n", encoding="utf-8")


main()
