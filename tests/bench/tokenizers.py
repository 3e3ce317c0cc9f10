# SPDX-License-Identifier: Apache-2.0
"""Encoding 10 MB and opening a file of 150,000 tokens, ours beside Hugging Face tokenizers, from
the same run. Usage: tokenizers.py BENCH_PROGRAM DATA_FOLDER CACHE_FOLDER

The text is what the data folder holds (English, Korean, conversations, JSON, Markdown, HTML),
repeated to 10 MB and shuffled in documents of about 2 kB. The tokenizers are trained on it once and
kept in the cache folder. Passes of both alternate; the median of each counts. "ids" is without
offsets (encode_batch_fast there), "offsets" with them."""

import glob
import json
import os
import random
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]  # the package, not this file
from tokenizers import (  # noqa: E402
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

SIZE = 10_000_000
ROUNDS = 5
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def documents(data):
    texts = []
    for pattern in ["text/*", "korean/*", "instructions/*", "preferences/*", "docs/**/*", "nsmc/*"]:
        for path in sorted(glob.glob(os.path.join(data, pattern), recursive=True)):
            if os.path.isfile(path) and not path.endswith(".pdf"):
                with open(path, encoding="utf-8", errors="replace") as f:
                    texts.append(f.read())
    parts = []
    for text in texts:
        lines, size = [], 0
        for line in text.splitlines(keepends=True):
            for at in range(0, len(line), 2000):
                lines.append(line[at : at + 2000])
                size += len(lines[-1].encode())
                if size > 2000:
                    parts.append("".join(lines))
                    lines, size = [], 0
        parts.append("".join(lines))
    out, size, rng = [], 0, random.Random(1)
    while size < SIZE:
        rng.shuffle(parts)
        for p in parts:
            out.append(p)
            size += len(p.encode())
            if size >= SIZE:
                break
    return out


def byte_level(pre):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer, t.decoder = pre, decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return t, trainers.BpeTrainer(
        vocab_size=20000, initial_alphabet=alphabet, show_progress=False, special_tokens=["<eos>"]
    )


def gpt2():
    return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))


def llama3():
    cut = pre_tokenizers.Split(Regex(LLAMA3), "isolated")
    return byte_level(
        pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(False, use_regex=False)])
    )


def metaspace():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    return t, trainers.BpeTrainer(
        vocab_size=20000, special_tokens=["<unk>"], show_progress=False, limit_alphabet=3000
    )


def unigram():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.NFKC()
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    return t, trainers.UnigramTrainer(
        vocab_size=8000, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
    )


def wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return t, trainers.WordPieceTrainer(
        vocab_size=20000, special_tokens=["[UNK]"], show_progress=False
    )


def big(path):
    """A byte-level BPE of 150,000 tokens, each the merge of two before it."""
    rng, alphabet = random.Random(2), sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab, merges, tokens = {c: i for i, c in enumerate(alphabet)}, [], list(alphabet)
    while len(vocab) < 150_000:
        a, b = rng.choice(tokens), rng.choice(tokens)
        if a + b in vocab or len(a + b) > 16:
            continue
        vocab[a + b] = len(vocab)
        merges.append((a, b))
        tokens.append(a + b)
    t = Tokenizer(models.BPE(vocab, merges))
    t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(False), decoders.ByteLevel()
    t.save(path)


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def peer_pass(t, texts, offsets):
    start = time.perf_counter()
    found = (t.encode_batch if offsets else t.encode_batch_fast)(texts)
    took = time.perf_counter() - start
    return took, sum(len(e.ids) for e in found)


def one_thread(path, text_path, offsets):
    """The peer reads how many threads it may use once, so one thread is a process of its own."""
    code = (
        "import sys, runpy; m = runpy.run_path(sys.argv[1]); from tokenizers import Tokenizer; "
        "import json; t = Tokenizer.from_file(sys.argv[2]); x = json.load(open(sys.argv[3])); "
        "print(m['peer_pass'](t, x, sys.argv[4] == '1')[0])"
    )
    out = subprocess.run(
        [sys.executable, "-P", "-c", code, os.path.abspath(__file__), path, text_path]
        + ["1" if offsets else "0"],
        env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(out.stdout)


def main():
    program, data, cache = sys.argv[1:4]
    os.makedirs(cache, exist_ok=True)
    text_path = os.path.join(cache, "documents.json")
    if not os.path.exists(text_path):
        with open(text_path, "w") as f:
            json.dump(documents(data), f)
    with open(text_path) as f:
        texts = json.load(f)
    size = sum(len(t.encode()) for t in texts) / 1e6
    engine = Program(program)
    cores = os.cpu_count()
    about = (size, len(texts), cores, ROUNDS)
    print("%.1f MB in %d documents, %d cores; MB/s, median of %d" % about)
    print("%-10s %-8s %-8s %8s %8s %6s" % ("kind", "what", "threads", "ours", "peer", "ratio"))
    for name, make in [
        ("gpt2", gpt2),
        ("llama3", llama3),
        ("metaspace", metaspace),
        ("unigram", unigram),
        ("wordpiece", wordpiece),
    ]:
        path = os.path.join(cache, name + ".json")
        if not os.path.exists(path):
            t, trainer = make()
            t.train_from_iterator(texts[::4], trainer)
            t.save(path)
        t = Tokenizer.from_file(path)
        engine.ask(open=path)
        for offsets in [False, True]:
            for threads in [1, cores]:
                ours, peer = [], []
                for _ in range(ROUNDS):
                    got = engine.ask(encode=text_path, threads=threads, offsets=offsets)
                    ours.append(got["seconds"])
                    if threads == 1:
                        peer.append(one_thread(path, text_path, offsets))
                    else:
                        took, tokens = peer_pass(t, texts, offsets)
                        peer.append(took)
                        if tokens != got["tokens"]:
                            raise SystemExit("%s: %d tokens, %d" % (name, got["tokens"], tokens))
                a, b = statistics.median(ours), statistics.median(peer)
                what = "offsets" if offsets else "ids"
                row = (name, what, threads, size / a, size / b, b / a)
                print("%-10s %-8s %-8d %8.1f %8.1f %6.2f" % row, flush=True)
    path = os.path.join(cache, "big.json")
    if not os.path.exists(path):
        big(path)
    ours, peer = [], []
    for _ in range(ROUNDS):
        ours.append(engine.ask(open=path)["seconds"])
        start = time.perf_counter()
        Tokenizer.from_file(path)
        peer.append(time.perf_counter() - start)
    a, b = statistics.median(ours), statistics.median(peer)
    print("open 150,000 tokens: ours %.3f s, peer %.3f s, ratio %.2f" % (a, b, b / a))


if __name__ == "__main__":
    main()
