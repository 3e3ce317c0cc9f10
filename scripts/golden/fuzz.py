# SPDX-License-Identifier: Apache-2.0
"""Seeds of the fuzz targets, tests/fuzz/seeds/<reader>/: small whole files of each format, from
the packages that define them and from our own golden files. Seeds added by hand (reduced
findings) are left alone: only files that begin with "made-" are made here. Needs gguf, numpy and
sentencepiece."""
import base64
import glob
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
import gguf  # noqa: E402
import numpy as np  # noqa: E402
import sentencepiece  # noqa: E402

ROOT = os.path.join(HERE, "..", "..")
SEEDS = os.path.join(ROOT, "tests", "fuzz", "seeds")


def put(reader, name, content):
    folder = os.path.join(SEEDS, reader)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "made-" + name), "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())


def gguf_seeds():
    types = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K",
             "Q5_K", "Q6_K", "IQ2_XXS", "IQ3_S", "IQ1_M", "IQ4_NL", "TQ1_0", "MXFP4"]
    rng = np.random.default_rng(5)
    for part in range(0, len(types) + 1, 5):
        with tempfile.NamedTemporaryFile(suffix=".gguf") as f:
            writer = gguf.GGUFWriter(f.name, "llama")
            writer.add_uint8("a.u8", 1)
            writer.add_int64("a.i64", -5)
            writer.add_float32("a.f32", 0.5)
            writer.add_bool("a.bool", True)
            writer.add_array("a.list", [1, 2, 3])
            writer.add_tokenizer_model("gpt2" if part % 2 else "llama")
            writer.add_tokenizer_pre("llama-bpe" if part % 2 else "default")
            tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "▁a", "b", "ab", "Ġc", "c", "Ġ", "▁"]
            writer.add_token_list(tokens)
            writer.add_token_scores([-float(i) for i in range(len(tokens))])
            writer.add_token_types([2, 3, 3, 6] + [1] * (len(tokens) - 4))
            writer.add_token_merges(["a b", "Ġ c"])
            writer.add_bos_token_id(1)
            writer.add_add_bos_token(True)
            writer.add_chat_template("{{ messages[0].content }}")
            for name in types[part:part + 5]:
                kind = getattr(gguf.GGMLQuantizationType, name)
                block, size = gguf.GGML_QUANT_SIZES[kind]
                count = max(block, 32)
                if name in ("F32", "F16"):
                    dtype = np.float32 if name == "F32" else np.float16
                    writer.add_tensor(name, rng.standard_normal((2, count)).astype(dtype))
                else:
                    data = rng.integers(0, 256, (2, count // block * size), dtype=np.uint8)
                    writer.add_tensor(name, data, raw_dtype=kind)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            put("gguf", f"types{part}.gguf", open(f.name, "rb").read())


def shrunk(tokenizer):
    """A tokenizer.json with the first tokens, the special ones and few merges left."""
    model = tokenizer["model"]
    added = {t["content"] for t in tokenizer.get("added_tokens") or []}
    if model.get("type") == "Unigram":
        model["vocab"] = model["vocab"][:40]
    else:
        merges = model.get("merges", [])[:12]
        pairs = [m.split(" ") if isinstance(m, str) else m for m in merges]
        wanted = added | {x for p in pairs for x in (*p, p[0] + p[1])}
        vocab = sorted(model["vocab"].items(), key=lambda e: e[1])
        kept = [t for i, (t, _) in enumerate(vocab) if i < 24 or t in wanted]
        model["vocab"] = {t: i for i, t in enumerate(kept)}
        if merges:
            model["merges"] = merges
        for token in tokenizer.get("added_tokens") or []:
            token["id"] = model["vocab"].get(token["content"], len(kept))
    return tokenizer


def tokenizer_seeds():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/golden/tokenizers/*.json"))):
        with open(path) as f:
            golden = json.load(f)
        if isinstance(golden, dict) and "model" in golden.get("tokenizer", {}):
            small = json.dumps(shrunk(golden["tokenizer"]), ensure_ascii=False)
            if len(small) < 8000:
                put("tokenizer", os.path.basename(path), small)


def jinja_seeds():
    with open(os.path.join(ROOT, "tests/golden/templates/semantics.json")) as f:
        cases = json.load(f)["cases"]
    for i, case in enumerate(cases[::9]):
        put("jinja", f"case{i:03}", case["template"])
    with open(os.path.join(ROOT, "examples/models/demo/chat_template.jinja")) as f:
        put("jinja", "chat", f.read())


def safetensors_seeds():
    for name in ("plain", "every_dtype"):
        with open(os.path.join(ROOT, f"tests/golden/formats/{name}.safetensors"), "rb") as f:
            put("safetensors", name, f.read())


def tiktoken_seeds():
    pieces = [bytes([b]) for b in range(256)] + [b"th", b"the", b" t", b" the", "한".encode()]
    lines = [base64.b64encode(p) + b" %d\n" % i for i, p in enumerate(pieces)]
    put("tiktoken", "bytes", b"".join(lines))
    put("tiktoken", "short", b"".join(lines[:3]) + b"\n")
    tekken = {"config": {"pattern": "\\w+|\\s+", "num_vocab_tokens": 300, "version": "v3",
                         "default_vocab_size": 280, "default_num_special_tokens": 10},
              "vocab": [{"rank": i, "token_bytes": base64.b64encode(p).decode(), "token_str": None}
                        for i, p in enumerate(pieces[:40])],
              "special_tokens": [{"rank": 0, "token_str": "<unk>", "is_control": True}]}
    put("tiktoken", "tekken.json", json.dumps(tekken))


def sentencepiece_seeds():
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "text")
        with open(text, "w") as f:
            f.write("the cat sat on the mat\nthat rat ate the hat\n한글 안녕 한글\n" * 30)
        rules = os.path.join(folder, "rules.tsv")
        with open(rules, "w") as f:
            f.write("41\t61\nFB01\t66 69\n")
        for kind in ("unigram", "bpe", "char", "word"):
            for fallback in (False, True) if kind != "word" else (False,):
                prefix = os.path.join(folder, kind)
                sentencepiece.SentencePieceTrainer.train(
                    input=text, model_prefix=prefix, model_type=kind,
                    vocab_size=300 if fallback else 30, byte_fallback=fallback,
                    hard_vocab_limit=False, character_coverage=1.0, minloglevel=2,
                    user_defined_symbols=["<x>"], control_symbols=["<c>"],
                    normalization_rule_tsv=rules if kind == "bpe" else "",
                    normalization_rule_name="identity")
                with open(prefix + ".model", "rb") as f:
                    put("sentencepiece", kind + ("-bytes" if fallback else ""), f.read())


def main():
    for old in glob.glob(os.path.join(SEEDS, "*", "made-*")):
        os.remove(old)
    for make in (gguf_seeds, tokenizer_seeds, jinja_seeds, safetensors_seeds, tiktoken_seeds,
                 sentencepiece_seeds):
        make()
    for reader in sorted(os.listdir(SEEDS)):
        files = glob.glob(os.path.join(SEEDS, reader, "*"))
        print(f"{reader}: {len(files)} seeds, {sum(map(os.path.getsize, files))} bytes")


if __name__ == "__main__":
    main()
