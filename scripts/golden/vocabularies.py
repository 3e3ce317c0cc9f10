# SPDX-License-Identifier: Apache-2.0
"""Tokenizers in other files than tokenizer.json: tests/golden/vocabularies/.

vocabularies.py            trains small sentencepiece models and a rank file on tokenizers_kinds.py
                           and writes what sentencepiece and tiktoken make of texts
vocabularies.py --fuzz N --engine BINARY [--model FILE ...]
                           N random texts per file through engine and peer, FILEs too
vocabularies.py --llama N --engine BINARY FILE ...
                           N random texts through engine and llama.cpp (llama-cpp-python); a FILE
                           that is no .gguf is written as one by the engine first
BINARY is the program test_tokenizers. Needs sentencepiece, tiktoken, tokenizers."""

import argparse
import base64
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
import sentencepiece  # noqa: E402
import tiktoken  # noqa: E402
import tiktoken_ext.openai_public as public  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402

sys.path.append(HERE)
from tokenizers_kinds import CORPUS, TEXTS  # noqa: E402

SEED = 20261122
OUT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "golden", "vocabularies")

SMALL = {"vocab_size": 300, "hard_vocab_limit": False, "character_coverage": 0.98,
         "normalization_rule_name": "identity"}
PLAIN = {"byte_fallback": True, "remove_extra_whitespaces": False, "vocab_size": 560}
NFKC = {"normalization_rule_name": "nmt_nfkc"}
MODELS = {  # only the first has the great table of rules, 240 KB
    "unigram": NFKC,
    "unigram_bytes": PLAIN,
    "unigram_symbols": {"rules": True, "user_defined_symbols": ["<sep>", "moon", "ﬁn"]},
    "bpe": {"model_type": "bpe", "rules": True},
    "bpe_llama": {"model_type": "bpe", **PLAIN, "split_digits": True,
                  "allow_whitespace_only_pieces": True},
    "bpe_gemma": {"model_type": "bpe", **PLAIN, "add_dummy_prefix": False,
                  "user_defined_symbols": ["<mask>", "\n", "\n\n", "[moon]"]},
    "bpe_suffix": {"model_type": "bpe", "treat_whitespace_as_suffix": True},
    "bpe_symbols": {"model_type": "bpe", "user_defined_symbols": ["<sep>", "moon", "ﬁn"]},
    "characters": {"model_type": "char"},
}
MORE = {  # for --fuzz
    "unigram_folded": {"normalization_rule_name": "nmt_nfkc_cf", "add_dummy_prefix": False},
    "unigram_nfkc": {"normalization_rule_name": "nfkc", "remove_extra_whitespaces": False},
    "bpe_nfkc": {"model_type": "bpe", **NFKC, "split_digits": True},
    "bpe_free": {"model_type": "bpe", "split_by_whitespace": False},
    "unigram_free": {"split_by_whitespace": False, "byte_fallback": True, "vocab_size": 560},
}
# Rules of our own, some of which begin as others do.
RULES = [("a\u0301", "á"), ("½", "1/2"), ("\u200b", ""), ("ab", "b a"), ("abc", "d"),
         ("\t", " "), ("\n", " "), ("ﬁ", "fi"), ("ㅎㅎ", "하")]
PATTERNS = ["r50k_base", "cl100k_base", "o200k_base"]


def corpus():
    lines = [line for text in CORPUS for line in text.split("\n") if line.strip()]
    return lines


def train(name, folder):
    options = {**SMALL, **MODELS.get(name, MORE.get(name))}
    prefix = os.path.join(folder, name)
    if options.pop("rules", False):
        del options["normalization_rule_name"]
        options["normalization_rule_tsv"] = prefix + ".tsv"
        with open(prefix + ".tsv", "w") as file:
            for source, target in RULES:
                file.write("\t".join(" ".join(f"{ord(c):X}" for c in s) for s in (source, target))
                           + "\n")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_prefix=prefix, minloglevel=2, num_threads=1,
        **options)
    for end in (".vocab", ".tsv"):
        if os.path.exists(prefix + end):
            os.remove(prefix + end)
    return prefix + ".model"


def train_ranks(path):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=700, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(corpus(), trainer)
    vocab = json.loads(tokenizer.to_str())["model"]["vocab"]
    byte_of = {}
    extra = 0
    for b in range(256):
        itself = 33 <= b <= 126 or 161 <= b <= 172 or b >= 174
        byte_of[chr(b) if itself else chr(256 + extra)] = b
        extra += not itself
    with open(path, "wb") as file:
        for token, rank in sorted(vocab.items(), key=lambda item: item[1]):
            raw = bytes(byte_of[c] for c in token)
            file.write(base64.b64encode(raw) + b" %d\n" % rank)


def encoding(name, path):
    public.load_tiktoken_bpe = lambda *_, **__: {}
    made = public.ENCODING_CONSTRUCTORS[name]()
    ranks = {base64.b64decode(line.split()[0]): int(line.split()[1])
             for line in open(path, "rb").read().splitlines() if line}
    return tiktoken.Encoding(name, pat_str=made["pat_str"], mergeable_ranks=ranks,
                             special_tokens=made["special_tokens"])


def random_text(rng):
    pools = [
        lambda: chr(rng.randint(97, 122)), lambda: chr(rng.randint(65, 90)),
        lambda: chr(rng.randint(48, 57)), lambda: rng.choice(" \n\t \r"),
        lambda: rng.choice(".,;:!?'\"-_()[]{}/\\@#$%^&*+=<>|~`"),
        lambda: chr(rng.randint(0xAC00, 0xD7A3)), lambda: chr(rng.randint(0x1100, 0x11FF)),
        lambda: chr(rng.randint(0x4E00, 0x9FFF)), lambda: chr(rng.randint(0x3040, 0x30FF)),
        lambda: chr(rng.randint(0x370, 0x52F)), lambda: chr(rng.randint(0x590, 0x6FF)),
        lambda: chr(rng.randint(0x900, 0x97F)), lambda: chr(rng.randint(0xE00, 0xE7F)),
        lambda: chr(rng.randint(0x1F300, 0x1FAFF)), lambda: chr(rng.randint(0x300, 0x36F)),
        lambda: chr(rng.randint(1, 0x1F)), lambda: chr(rng.randint(0x7F, 0x24F)),
        lambda: chr(rng.randint(0x2000, 0x206F)), lambda: chr(rng.randint(0xFB00, 0xFFEF)),
        lambda: rng.choice(["👩‍👩‍👧", "🏳️‍🌈", "👍🏽", "🇰🇷", "'s", "'LL", "'ſ"]),
        lambda: rng.choice("½Ⅷﬁǅª"),
        lambda: rng.choice(["the ", " moon", "ing", "    ", " \n ", "<sep>", "[moon]", "ﬁn", "▁"]),
        lambda: rng.choice(rng.choice(TEXTS).split(" ")) + " ",
    ]
    chosen = rng.sample(pools, rng.randint(1, 5))
    text = "".join(rng.choice(chosen)() for _ in range(rng.randint(0, rng.choice([5, 20, 80]))))
    for name in ("<s>", "</s>", "<unk>", "<pad>", "<|"):  # special tokens: the engine reads them
        text = text.replace(name, "")
    return text


def texts(n, seed):
    rng = random.Random(seed)
    return [random_text(rng) for _ in range(n)]


def cases(encode, decode, given):
    return [{"text": t, "ids": (ids := encode(t)), "decoded": decode(ids)} for t in given]


def write(name, value):
    with open(os.path.join(OUT, name), "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=0)
        file.write("\n")


def spoken():
    return [t for t in TEXTS if "<" not in t]


def make():
    os.makedirs(OUT, exist_ok=True)
    for name in MODELS:
        path = os.path.join(OUT, name + ".model")
        if not os.path.exists(path):
            train(name, OUT)
        peer = sentencepiece.SentencePieceProcessor(model_file=path)
        given = spoken() + texts(120, SEED)
        write(name + ".json", {"peer": "sentencepiece " + sentencepiece.__version__, "seed": SEED,
                               "cases": cases(peer.encode, peer.decode, given)})
    path = os.path.join(OUT, "ranks.tiktoken")
    if not os.path.exists(path):
        train_ranks(path)
    ranks = {"peer": "tiktoken " + tiktoken.__version__, "seed": SEED, "encodings": {}}
    for name in PATTERNS:
        peer = encoding(name, path)
        ranks["encodings"][name] = cases(lambda t: peer.encode(t, allowed_special="all"),
                                         peer.decode, spoken() + texts(150, SEED + 1))
    write("ranks.json", ranks)


def ask(engine, jobs):
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("in", "out")]
        with open(names[0], "w") as file:
            file.writelines(json.dumps(job) + "\n" for job in jobs)
        environment = dict(os.environ, MOONLET_PEER_IN=names[0], MOONLET_PEER_OUT=names[1])
        subprocess.run([engine, "[.peer]"], env=environment, check=True, capture_output=True)
        return [json.loads(line) for line in open(names[1])]


def compare(name, engine, path, encode, decode, given, option=None, decoded=True):
    job = {"tokenizer": path}
    if option:
        job["encoding"] = option
    answers = ask(engine, [job] + [{"text": t} for t in given])
    bad = 0
    for text, answer in zip(given, answers[1:]):
        ids = encode(text)
        wrong = answer.get("plain") != ids
        if not wrong and decoded:
            wrong = decode(ids) != ask_decoded(answer)
        if wrong:
            bad += 1
            if bad <= 3:
                print("  ", repr(text), ids, answer.get("plain"), repr(decode(ids)),
                      repr(answer.get("decoded")), answer.get("error"))
    print(f"{name}: {bad} of {len(given)} differ {answers[0]}", flush=True)
    return bad


def ask_decoded(answer):
    return answer.get("decoded")


def fuzz(n, engine, files, seed):
    bad = 0
    given = texts(n, seed)
    with tempfile.TemporaryDirectory() as folder:
        for path in [train(name, folder) for name in [*MODELS, *MORE]] + files:
            peer = sentencepiece.SentencePieceProcessor(model_file=path)
            bad += compare(os.path.basename(path), engine, path, peer.encode, peer.decode, given)
        ranks = os.path.join(folder, "ranks.tiktoken")
        train_ranks(ranks)
        for name in PATTERNS:
            peer = encoding(name, ranks)
            bad += compare(name, engine, ranks,
                           lambda t: peer.encode(t, allowed_special="all"), peer.decode, given,
                           name)
    return bad


def llama(n, engine, files, seed):
    import llama_cpp
    bad = 0
    given = texts(n, seed)
    for path in files:
        if not path.endswith(".gguf"):
            made = os.path.join(tempfile.gettempdir(), os.path.basename(path) + ".gguf")
            job = {"tokenizer": path}
            said = ask(engine, [job, {"export": made}])
            if "exported" not in said[1]:
                print(path, said)
                continue
            path = made
        peer = llama_cpp.Llama(path, vocab_only=True, verbose=False)
        bad += compare(os.path.basename(path), engine, path,
                       lambda t: peer.tokenize(t.encode(), add_bos=False, special=True),
                       lambda ids: "", given, decoded=False)
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fuzz", type=int)
    parser.add_argument("--llama", type=int)
    parser.add_argument("--engine")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", nargs="*", default=[])
    parser.add_argument("gguf", nargs="*")
    args = parser.parse_args()
    if args.fuzz:
        sys.exit(fuzz(args.fuzz, args.engine, args.model, args.seed) > 0)
    if args.llama:
        sys.exit(llama(args.llama, args.engine, args.gguf, args.seed) > 0)
    make()


if __name__ == "__main__":
    main()
