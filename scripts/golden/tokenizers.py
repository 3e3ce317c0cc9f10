# SPDX-License-Identifier: Apache-2.0
"""Hugging Face tokenizers as the judge of engine/tokenizers.

tokenizers.py OUT_DIR
    writes tests/golden/tokenizers/*.json (seeded; no engine needed); tokenizers that are there
    already are kept
tokenizers.py --fuzz N [--kind K] [--seed S] --engine BINARY
    N random strings per kind through engine and peer; prints every difference
tokenizers.py --mix N [--seed S] --engine BINARY
    N random pipelines (tokenizers_mix.py), 40 strings each
tokenizers.py --train VOCAB_SIZE FILE... --engine BINARY
    trains BPE with both on FILEs and compares; then each kind with the engine alone, and compares
    what both make of the tokenizer.json it saved
tokenizers.py --bench FILE [TOKENIZER_JSON...] --engine BINARY
    encode MB/s (and seconds to open the files) of engine and peer, one thread each
BINARY is build/test_tokenizers. Needs the Python package tokenizers and nothing else."""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]  # the package, not this file
import tokenizers  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers  # noqa: E402

sys.path.append(HERE)
from tokenizers_kinds import BYTES, CORPUS, KINDS, TEXTS  # noqa: E402
from tokenizers_mix import mixed  # noqa: E402

SEED = 20261121
ROOT = os.path.dirname(os.path.dirname(HERE))

# first-last:weight of code points to draw from
BLOCKS = """
20-7E:30 61-7A:20 30-39:6 0-1F:2 7F-FF:6 100-24F:4 250-2FF:1 300-36F:6 370-52F:4 590-6FF:4
900-97F:3 E00-E7F:2 1100-11FF:6 1E00-1FFF:3 2000-206F:4 2070-218F:3 2190-2BFF:3 3000-30FF:4
3130-318F:2 3200-33FF:2 4E00-9FFF:5 A000-ABFF:1 AC00-D7A3:10 D7B0-D7FF:1 E000-E0FF:1
F900-FAFF:1 FB00-FFFF:3 10000-1FFFF:2 1D400-1D7FF:2 1F300-1FAFF:6 20000-3FFFF:1 E0000-E01FF:1
80-10FFFF:1
"""
BLOCKS = [re.split("[-:]", b) for b in BLOCKS.split()]
BLOCKS = [(int(first, 16), int(last, 16), int(weight)) for first, last, weight in BLOCKS]
# fmt: off
CHUNKS = [
    "'s", "'LL", " don't", "'ſ", "\u212a", "  ", "   ", "\n", "\r\n", "\n\n", "\t", " \n ",
    "👩‍👩‍👧‍👦", "👍🏽", "❤️", "🇰🇷", "é", "e\u0301", "\u1112\u1161\u11ab", "각", "▁", "Ġ", "<0x0A>",
    "<s>", "</s>", "<unk>", "<mask>", " <mask> ", "<left>", " <left>", "<right>  ", "<both>",
    "moon", " moon ", "달", "<|endoftext|>", "<|im_start|>", "<think>", "café", "cafe\u0301",
    "Straße", "straße", "ÖL", "öl", "ＦＵＬＬ", "[CLS]", "[MASK]", "<｜User｜>", "<|eot_id|>",
    "<|begin_of_text|>", "İ", "ﬁ", "ß", "\ufffd", "\ufeff", "\u0345", "\u180e", "1234", "٣٤", "x",
    "don't", "##", "</w>",
]
# fmt: on


# one to a line
PATTERNS = r"""\s
\S+
\w+
\W
[\w']+
[\s\d]+
[^\S\n]+
\h+
\H
^\w
\w$
(?m).+
.+
a{2}+
\d{1,3}+
(?:ab|a){,2}
x{,2}b
\p{L}+
\p{^L}+
\P{L}+
[^\p{L}\p{N}]+
\p{Han}+
\p{Hangul}|\p{Katakana}
\bx?a*\b
\B.
(?i:k+)
(?i)'?s
\v
[\v\t]
\u00e9
[]x]
[\[\]]
a*
\b
(?=a)
[[:alpha:]]+
[[:punct:][:digit:]]
[^[:space:][:alnum:]]
[[:upper:]_]|[[:lower:][:xdigit:]]+
[[:word:]]
[[:blank:]]|[[:cntrl:]]
[a\-b]+
\A\w|\w\z
(?<=a)a
(a)\1
\p{Alpha}+
[\b]|\x00"""


def random_text(rng):
    words = [w for line in CORPUS for w in line.split(" ")]
    out = []
    for _ in range(rng.randint(0, 14)):
        r = rng.random()
        if r < 0.35:
            out.append(rng.choice(words) + rng.choice([" ", " ", "", "  "]))
        elif r < 0.55:
            out.append(rng.choice(CHUNKS))
        else:
            first, last, _ = rng.choices(BLOCKS, [b[2] for b in BLOCKS])[0]
            for _ in range(rng.randint(1, 6)):
                c = rng.randint(first, last)
                out.append(chr(c) if not 0xD800 <= c < 0xE000 else " ")
    return "".join(out)


def bent(rng, data):
    """Some bytes changed, dropped or added, so that it is no UTF-8 any more."""
    data = bytearray(data or b"x")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        data[at : at + rng.randint(0, 1)] = bytes(
            rng.choice([0x80, 0xBF, 0xC0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF, rng.randrange(256)])
            for _ in range(rng.randint(0, 2))
        )
        data = data or bytearray(b"\xff")
    return bytes(data)


def byte_offsets(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[min(b, len(text))], at[min(e, len(text))]] for b, e in offsets]


def answer(t, text):
    e = t.encode(text)
    return {
        "ids": e.ids,
        "offsets": byte_offsets(text, e.offsets),
        "plain": t.encode(text, add_special_tokens=False).ids,
        "decoded": t.decode(e.ids, skip_special_tokens=False),
        "skipped": t.decode(e.ids),
    }


def all_of(e, texts):
    """What encode_batch of the engine gives, from an Encoding of the peer."""
    parts = [s if s is not None else -1 for s in e.sequence_ids]
    return {
        "ids": e.ids,
        "offsets": [
            byte_offsets(texts[max(p, 0)], [o])[0] if p >= 0 else [0, 0]
            for p, o in zip(parts, e.offsets)
        ],
        "type_ids": e.type_ids,
        "sequence_ids": parts,
        "attention_mask": e.attention_mask,
        "special_mask": e.special_tokens_mask,
        "overflow": [{**all_of(o, texts), "overflow": []} for o in e.overflowing],
    }


def comparable(encoding, t):
    """Without a post-processor the peer loses which text the overflow's tokens are from."""
    if t.post_processor is None:
        for o in encoding["overflow"]:
            del o["offsets"], o["sequence_ids"]
    return encoding


def random_batch(rng, make_text, t):
    """A batch of texts or of pairs and the options to encode it with."""
    pairs = rng.random() < 0.6
    batch = [
        [make_text(rng) for _ in range(2 if pairs else 1)] for _ in range(rng.randint(1, 4))
    ]
    options = {"special": rng.random() < 0.8}
    if rng.random() < 0.7:
        options["max_length"] = rng.randint(6, 40)
        options["truncation"] = rng.choice(
            ["longest_first"] * 3 + ["only_first"] + ["only_second"] * pairs
        )
        options["truncation_side"] = rng.choice(["right", "left"])
        options["stride"] = rng.choice([0, 0, 1, 2])
    if rng.random() < 0.5:
        fixed = "max_length" in options and rng.random() < 0.5
        options["padding"] = "max_length" if fixed else "longest"
        options["padding_side"] = rng.choice(["right", "left"])
        options["pad_to_multiple_of"] = rng.choice([0, 0, 8])
        options["pad_token"] = min(t.get_vocab().items(), key=lambda e: e[1])[0]
    return batch, options


def batch_answer(t, batch, options):
    """None where the peer gives up."""
    t = bare(t)
    if "truncation" in options:
        t.enable_truncation(
            options["max_length"],
            stride=options["stride"],
            strategy=options["truncation"],
            direction=options["truncation_side"],
        )
    if "padding" in options:
        t.enable_padding(
            direction=options["padding_side"],
            pad_id=t.token_to_id(options["pad_token"]),
            pad_token=options["pad_token"],
            length=options["max_length"] if options["padding"] == "max_length" else None,
            pad_to_multiple_of=options["pad_to_multiple_of"] or None,
        )
    try:
        found = t.encode_batch(
            [tuple(b) if len(b) > 1 else b[0] for b in batch],
            add_special_tokens=options["special"],
        )
        return [comparable(all_of(e, b), t) for e, b in zip(found, batch)]
    except BaseException as e:  # a Rust panic is no Exception
        if isinstance(e, KeyboardInterrupt):
            raise
        return None
    finally:
        bare(t)


def bare(t):
    t.no_truncation()
    t.no_padding()
    return t


def write(out, name, value):
    value = {"peer": "tokenizers " + tokenizers.__version__, "seed": SEED, **value}
    path = os.path.join(out, name + ".json")
    with open(path, "w") as f:
        json.dump(value, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")
    print("%-40s %6d bytes" % (path, os.path.getsize(path)))


def known(out, name, make):
    """The tokenizer.json of an earlier run, if there is one: its trainers break ties at random."""
    path = os.path.join(out, name + ".json")
    if not os.path.exists(path):
        return json.loads(make().to_str())
    with open(path) as f:
        return json.load(f)["tokenizer"]


def golden(out):
    os.makedirs(out, exist_ok=True)
    for name, make in KINDS.items():
        # What is asked is what was read from the file: the peer reads scores to one part in 2^52.
        file, rng = known(out, name, make), random.Random(SEED)
        t = Tokenizer.from_str(json.dumps(file))
        texts = TEXTS + [random_text(rng) for _ in range(30)]
        ids = [
            [rng.randrange(t.get_vocab_size() + 3) for _ in range(rng.randint(1, 12))]
            for _ in range(20)
        ]
        write(
            out,
            name,
            {
                "tokenizer": file,
                "cases": [{"text": text, **answer(t, text)} for text in texts],
                "decodes": [
                    {
                        "ids": i,
                        "decoded": t.decode(i, skip_special_tokens=False),
                        "skipped": t.decode(i),
                    }
                    for i in ids
                ],
                "batches": batches(t, rng, 6),
            },
        )
    minilm = os.path.join(ROOT, ".deps", "minilm", "tokenizer.json")
    if os.path.exists(minilm):
        t, rng = bare(Tokenizer.from_file(minilm)), random.Random(SEED)
        write(
            out,
            "minilm",
            {
                "cases": [
                    {"text": x, **answer(t, x)}
                    for x in TEXTS + [random_text(rng) for _ in range(60)]
                ]
            },
        )
    write(out, "patterns", patterns())
    texts = CORPUS[:40]
    cases = []
    for size, frequency, special in [
        (400, 2, ["<|endoftext|>"]),
        (900, 1, []),
        (300, 5, ["<a>", "</a>", "Ġ"]),
    ]:
        j = json.loads(trained(texts, size, frequency, special).to_str())
        cases.append(
            {
                "options": {
                    "vocab_size": size,
                    "min_frequency": frequency,
                    "special_tokens": special,
                },
                "vocab": j["model"]["vocab"],
                "merges": j["model"]["merges"],
            }
        )
    write(out, "train", {"texts": texts, "cases": cases, **trained_kinds(texts)})


def batches(t, rng, n):
    out = []
    while len(out) < n:
        batch, options = random_batch(rng, lambda r: random_text(r)[:20], t)
        found = batch_answer(t, batch, options)
        if found:
            out.append({"batch": batch, "options": options, "found": found})
    return out


def pipelines(out, n):
    """Random ones around the models of the other files; only the parts are written."""
    files, found = {}, []
    for name in KINDS:
        if name != "xlm_r":  # its rules are long
            with open(os.path.join(out, name + ".json")) as f:
                files[name] = json.load(f)["tokenizer"]
    for i in range(4 * n):
        rng = random.Random("%d golden mix %d" % (SEED, i))
        base, file = mixed(rng, files)
        try:
            t = Tokenizer.from_str(json.dumps(file))
        except BaseException:
            continue
        texts = [random_text(rng)[:60] for _ in range(4)]
        cases = [(text, unless_it_fails(answer, t, text)) for text in texts]
        parts = {k: v for k, v in file.items() if v != files[base].get(k)}
        if all(c for _, c in cases) and len(json.dumps(parts)) < 5000 and len(found) < n:
            cases = [{"text": text, **c} for text, c in cases]
            found.append({"base": base, "parts": parts, "cases": cases})
            found[-1]["batches"] = batches(t, rng, 1)
    return found


def patterns():
    """What Oniguruma finds: per pattern and text the byte ranges of its matches."""
    texts = [
        "ab 12\n x_y\v\u180e\u00a0é\u0301 ſK\u212a",
        "line one\nline two\n",
        "1234567 aaaa aaa a",
        "漢字カナ한글 ²½ⓐ\u200d.",
        "{,2} [x] a-b\\c $^ \t\x00",
    ]
    found = []
    for p in PATTERNS.split("\n"):
        row = []
        for text in texts:
            pieces = pre_tokenizers.Split(
                tokenizers.Regex(p), "removed", invert=True
            ).pre_tokenize_str(text)
            row.append(byte_offsets(text, [o for _, o in pieces]))
        found.append({"pattern": p, "matches": row})
    return {"texts": texts, "patterns": found}


def trained(texts, size, frequency, special):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=frequency,
            special_tokens=special,
            initial_alphabet=BYTES,
            show_progress=False,
        ),
    )
    return t


def trained_kinds(texts):
    """Models of the other trainers. WordPiece numbers its parts by chance and breaks ties by those
    numbers: what all of twelve runs have is recorded, and what any of them has."""

    def train(model, trainer, pre, normalizer=None):
        t = Tokenizer(model)
        t.pre_tokenizer = pre
        if normalizer:
            t.normalizer = normalizer
        t.train_from_iterator(texts, trainer)
        return json.loads(t.to_str())["model"]

    quiet = {"show_progress": False}
    metaspace = {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": "always",
        "split": True,
    }
    exact, options = [], {"vocab_size": 420, "min_frequency": 2, "special_tokens": ["<unk>"]}
    model = train(
        models.BPE(unk_token="<unk>"),
        trainers.BpeTrainer(max_token_length=5, initial_alphabet=["§"], **options, **quiet),
        pre_tokenizers.Metaspace(),
        normalizers.NFKC(),
    )
    own = {"pre_tokenizer": metaspace, "normalizer": "NFKC", "unk_token": "<unk>"}
    own.update(max_token_length=5, initial_alphabet=["§"])
    exact.append({"options": {**options, **own}, "model": model})
    model = train(
        models.WordLevel(unk_token="<unk>"),
        trainers.WordLevelTrainer(**{**options, "vocab_size": 90}, **quiet),
        pre_tokenizers.Whitespace(),
    )
    exact.append({"options": {**options, "vocab_size": 90, "kind": "wordlevel"}, "model": model})
    unigram = []
    for size in [200, 400]:
        model = train(
            models.Unigram(),
            trainers.UnigramTrainer(
                vocab_size=size, special_tokens=["<unk>"], unk_token="<unk>", **quiet
            ),
            pre_tokenizers.Metaspace(),
        )
        o = {"vocab_size": size, "kind": "unigram", "normalizer": False}
        unigram.append({"options": {**o, "special_tokens": ["<unk>"]}, "model": model})
    runs = []
    for _ in range(12):
        model = train(
            models.WordPiece(unk_token="[UNK]"),
            trainers.WordPieceTrainer(
                vocab_size=400, min_frequency=2, special_tokens=["[UNK]"], **quiet
            ),
            pre_tokenizers.BertPreTokenizer(),
            normalizers.BertNormalizer(),
        )
        runs.append(set(model["vocab"]))
    wordpiece = {
        "options": {"vocab_size": 400, "kind": "wordpiece", "special_tokens": ["[UNK]"]},
        "always": sorted(set.intersection(*runs)),
        "ever": sorted(set.union(*runs)),
        "size": len(runs[0]),
    }
    return {"exact": exact, "unigram": unigram, "wordpiece": wordpiece}


def ask(engine, jobs):
    with tempfile.TemporaryDirectory() as folder:
        inp, out = os.path.join(folder, "in"), os.path.join(folder, "out")
        with open(inp, "w") as f:
            for job in jobs:
                f.write(json.dumps(job) + "\n")
        subprocess.run(
            [engine, "[.peer]"],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "MOONLET_PEER_IN": inp, "MOONLET_PEER_OUT": out},
        )
        with open(out) as f:
            return [json.loads(line) for line in f]


def unless_it_fails(ask_peer, *given):
    """The peer's answer, None where it has an error or panics (which is no Exception)."""
    try:
        return ask_peer(*given)
    except BaseException as e:
        if isinstance(e, KeyboardInterrupt):
            raise
        return None


def differences(engine, name, file, n, rng, quiet=False):
    """How many of n texts, and of lists of ids, batches and broken texts, come out differently."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        f.write(file)
        f.flush()
        t = Tokenizer.from_file(f.name)
        texts = [random_text(rng) for _ in range(n)]
        ids = [
            [rng.randrange(t.get_vocab_size() + 3) for _ in range(rng.randint(1, 40))]
            for _ in range(n // 10)
        ]
        groups = [random_batch(rng, random_text, t) for _ in range(n // 10)]
        broken = [bent(rng, random_text(rng).encode()) for _ in range(n // 10)]
        got = ask(
            engine,
            [{"tokenizer": f.name}]
            + [{"text": x} for x in texts]
            + [{"ids": i} for i in ids]
            + [{"batch": b, "options": o} for b, o in groups]
            + [{"hex": b.hex()} for b in broken],
        )[1:]
    different = 0

    def report(what, given, want, have):
        nonlocal different
        different += 1
        if different <= (1 if quiet else 5):
            print(
                "  %s: %s of %r\n    peer   %r\n    engine %r" % (name, what, given, want, have)
            )

    for text, have in zip(texts, got):
        want = unless_it_fails(answer, t, text)
        if want is None:
            continue
        wrong = [k for k in want if want[k] != have.get(k)] + [
            k for k in ["same"] if not have.get(k)
        ]
        if have.get("streamed") != want["decoded"]:
            wrong.append("streamed")
        for k in wrong[:1]:
            report(k, text, want.get(k, want["decoded"]), have.get(k, have))
    for i, have in zip(ids, got[n:]):
        both = unless_it_fails(lambda: (t.decode(i, skip_special_tokens=False), t.decode(i)))
        if both is None:
            continue
        plain, skipped = both
        want = {
            "decoded": plain,
            "skipped": skipped,
            "streamed": plain,
            "streamed_skipped": skipped,
        }
        for k in [k for k in want if want[k] != have.get(k)][:1]:
            report(k, i, want[k], have.get(k, have))
    given_up = 0
    for (batch, options), have in zip(groups, got[n + len(ids) :]):
        want = batch_answer(t, batch, options)
        if want is None:
            given_up += 1
        elif [comparable(e, t) for e in have.get("batch", [])] != want:
            report("batch", (batch, options), want, have)
    for given, have in zip(broken, got[n + len(ids) + len(groups) :]):
        want = unless_it_fails(answer, t, given.decode("utf-8", "replace"))
        if want is None:
            continue
        del want["offsets"]
        if any(want[k] != have.get(k) for k in want):
            report("bytes", given, want, have)
    if quiet:
        return different
    print(
        "%-12s %d texts, %d id lists, %d batches (the peer gave up on %d), %d not UTF-8: "
        "%d different" % (name, n, len(ids), len(groups), given_up, len(broken), different),
        flush=True,
    )
    return different


def fuzz(engine, n, only, seed):
    total = 0
    for name, make in KINDS.items():
        if only and name != only:
            continue
        rng = random.Random("%d %s" % (seed, name))
        total += differences(engine, name, make().to_str(), n, rng)
    return total


def mix(engine, n, seed):
    """Random pipelines; the peer refuses some, others make it panic."""
    files = {name: json.loads(make().to_str()) for name, make in KINDS.items()}
    total = refused = 0
    for i in range(n):
        rng = random.Random("%d mix %d" % (seed, i))
        file = json.dumps(mixed(rng, files)[1])
        try:
            Tokenizer.from_str(file)
        except BaseException:
            refused += 1
            continue
        different = differences(engine, "mix %d" % i, file, 40, rng, quiet=True)
        if different:
            parts = json.loads(file)
            kept = ["normalizer", "pre_tokenizer", "post_processor", "decoder"]
            shown = json.dumps({k: parts[k] for k in kept}, ensure_ascii=False)
            print("mix %d: %d different: %s" % (i, different, shown[:1500]), flush=True)
        total += different
    print("%d pipelines (the peer refused %d): %d different" % (n, refused, total))
    return total


def train(engine, size, files):
    texts = [open(f, encoding="utf-8", errors="replace").read() for f in files]
    special = ["<|endoftext|>", "<|user|>"]
    start = time.time()
    peer = json.loads(trained(texts, size, 2, special).to_str())
    peer_seconds = time.time() - start
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tokenizer.json")
        got = ask(
            engine,
            [
                {
                    "train": texts,
                    "save": path,
                    "options": {"vocab_size": size, "min_frequency": 2, "special_tokens": special},
                }
            ],
        )[0]
        if "error" in got:
            raise SystemExit(got["error"])
        ours = json.load(open(path))
        loaded = Tokenizer.from_file(path)
    same_merges = [m for m in ours["model"]["merges"]] == peer["model"]["merges"]
    same_vocab = ours["model"]["vocab"] == peer["model"]["vocab"]
    text = texts[0][:5000] + "<|user|>" + texts[-1][-5000:]
    same_text = loaded.decode(loaded.encode(text).ids, skip_special_tokens=False) == text
    print(
        "train %.1f MB to %d: merges equal %s (%d), vocabulary equal %s, "
        "opened by the peer and round trip %s; "
        "engine %.1f s, peer %.1f s"
        % (
            sum(len(t.encode()) for t in texts) / 1e6,
            size,
            same_merges,
            len(peer["model"]["merges"]),
            same_vocab,
            same_text,
            got["seconds"],
            peer_seconds,
        )
    )
    wrong = 0
    for kind in ["bpe", "unigram", "wordpiece", "wordlevel", "fallback"]:
        options = {"vocab_size": min(size, 3000), "kind": "bpe" if kind == "fallback" else kind}
        if kind == "fallback":
            options.update(byte_fallback=True, pre_tokenizer="Metaspace", limit_alphabet=500)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tokenizer.json")
            got = ask(engine, [{"train": texts, "save": path, "options": options}])[0]
            if "error" in got:
                raise SystemExit(got["error"])
            print("%s trained in %.1f s, then used by both:" % (kind, got["seconds"]))
            with open(path) as f:
                wrong += differences(engine, kind, f.read(), 300, random.Random(SEED))
    return 0 if same_merges and same_vocab and same_text and not wrong else 1


def bench(engine, file, paths):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    text = open(file, encoding="utf-8").read()
    documents = text.split("\n\n\n")
    for name in ["gpt2", "llama3", "qwen2", "llama2", "bert"]:
        t = KINDS[name]()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write(t.to_str())
            f.flush()
            got = ask(
                engine, [{"tokenizer": f.name}, {"bench": file}, {"bench": file, "offsets": True}]
            )
        start = time.time()
        n = sum(len(t.encode(d).ids) for d in documents)
        seconds = time.time() - start
        mb = len(text.encode()) / 1e6
        print(
            "%-8s engine %.2f MB/s (%.2f with offsets), peer %.2f MB/s; tokens %d, %d"
            % (
                name,
                mb / got[1]["seconds"],
                mb / got[2]["seconds"],
                mb / seconds,
                got[1]["tokens"],
                n,
            ),
            flush=True,
        )
    for path in paths:
        start = time.time()
        Tokenizer.from_file(path)
        peer = time.time() - start
        ours = ask(engine, [{"tokenizer": path}])[0]["seconds"]
        print("open %s: engine %.3f s, peer %.3f s" % (path, ours, peer))
    return 0


def main():
    a = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    a.add_argument("paths", nargs="*")
    a.add_argument("--fuzz", type=int)
    a.add_argument("--mix", type=int)
    a.add_argument("--train", type=int)
    a.add_argument("--bench")
    a.add_argument("--kind")
    a.add_argument("--seed", type=int, default=SEED)
    a.add_argument("--engine", default=os.path.join(ROOT, "build", "test_tokenizers"))
    o = a.parse_args()
    if o.fuzz:
        return 1 if fuzz(o.engine, o.fuzz, o.kind, o.seed) else 0
    if o.mix:
        return 1 if mix(o.engine, o.mix, o.seed) else 0
    if o.train:
        return train(o.engine, o.train, o.paths)
    if o.bench:
        return bench(o.engine, o.bench, o.paths)
    if len(o.paths) != 1:
        a.error("one OUT_DIR is wanted")
    golden(o.paths[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
