# SPDX-License-Identifier: Apache-2.0
"""A bag of n-grams computed token by token in plain Python integers and numpy, for
tests/engine/models (the family has no public checkpoint format): tests/golden/models/fasttext-ngram
with config.json, model.safetensors and golden.safetensors as models.py describes them.
"""
import json
import shutil
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import numpy as np  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

OUT = Path(__file__).resolve().parents[2] / "tests/golden/models/fasttext-ngram"
SEED, VOCAB, WIDTH, BUCKETS, NGRAM, PRIME = 20261123, 41, 6, 29, 4, 0x01000193


def wrapped(x):
    """As a signed 64-bit integer."""
    x &= (1 << 64) - 1
    return x - (1 << 64) if x >> 63 else x


def bucket(run):
    value = run[0] + 1
    for token in run[1:]:
        value = wrapped(wrapped(value * PRIME) + token + 1)
    mixed = value ^ (value >> 29)
    return wrapped(wrapped(mixed * PRIME) + len(run)) % BUCKETS


def states(tokens, ngrams, ids):
    result, seen = np.zeros((len(ids), WIDTH), np.float32), set()
    for i in range(len(ids)):
        for n in range(1, min(NGRAM, i + 1) + 1):
            run = [int(t) for t in ids[i - n + 1:i + 1]]
            row = run[0] if n == 1 else bucket(run)
            if (n, row) not in seen:
                result[i] += (tokens if n == 1 else ngrams)[row]
                seen.add((n, row))
    return result * np.float32(len(ids)) ** np.float32(0.5)


def main():
    random = np.random.default_rng(SEED)
    weights = {"tokens.weight": random.standard_normal((VOCAB, WIDTH), np.float32),
               "ngrams.weight": random.standard_normal((BUCKETS, WIDTH), np.float32)}
    ids = random.integers(0, VOCAB, (1, 13))
    right, mask = np.zeros((3, 13), np.int64), np.zeros((3, 13), bool)
    hidden = np.zeros((3, 13, WIDTH), np.float32)
    for row, length in enumerate((13, 5, 1)):
        right[row, :length] = random.integers(0, VOCAB, length)
        mask[row, :length] = True
        hidden[row, :length] = states(*weights.values(), right[row, :length])
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    config = dict(architectures=["FastTextModel"], model_type="fasttext", vocab_size=VOCAB,
                  hidden_size=WIDTH, buckets=BUCKETS, max_ngram=NGRAM, dtype="float32")
    (OUT / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(weights, OUT / "model.safetensors", metadata={"format": "pt"})
    save_file({"ids": ids, "hidden": states(*weights.values(), ids[0])[None], "right.ids": right,
               "right.mask": mask, "right.hidden": hidden}, OUT / "golden.safetensors",
              metadata={"numpy": np.__version__, "seed": str(SEED)})
    print("models/fasttext-ngram")


main()
