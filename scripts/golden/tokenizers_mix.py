# SPDX-License-Identifier: Apache-2.0
"""Random pipelines for `tokenizers.py --mix`: parts of every kind with every option, in random
order, around the models of tokenizers_kinds.py. What no real tokenizer combines is here, too."""

BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
PATTERNS = [
    {"Regex": r"\s+"},
    {"Regex": r"\p{L}+|\p{N}+"},
    {"Regex": r"[aeiou]"},
    {"Regex": r"\w*"},
    {"Regex": r"(?<=o)."},
    {"Regex": r" ?[^\s\p{L}]+"},
    {"String": " "},
    {"String": "th"},
    {"String": "▁"},
    {"String": "\u0301"},
    {"String": "달"},
]
TEXTS = ["", " ", "▁", "x", "é", "##", "the", "달 ", "e\u0301"]


def yes(rng):
    return rng.random() < 0.5


def several(rng, make, key, kind, charsmaps):
    parts = [make(rng, charsmaps, False) for _ in range(rng.randint(1, 3))]
    return {"type": kind, key: parts}


def normalizer(rng, charsmaps, nest=True):
    kind = rng.choice(
        "NFC NFD NFKC NFKD Lowercase StripAccents Strip Replace Prepend ByteLevel Nmt Precompiled "
        "BertNormalizer".split()
        + ["Sequence"] * 5 * nest
    )
    out = {"type": kind}
    if kind == "Sequence":
        return several(rng, normalizer, "normalizers", kind, charsmaps)
    if kind == "Strip":
        out.update(strip_left=yes(rng), strip_right=yes(rng))
    if kind == "Replace":
        out.update(pattern=rng.choice(PATTERNS), content=rng.choice(TEXTS))
    if kind == "Prepend":
        out["prepend"] = rng.choice(TEXTS)
    if kind == "Precompiled":
        out["precompiled_charsmap"] = rng.choice(charsmaps)
    if kind == "BertNormalizer":
        for name in ["clean_text", "handle_chinese_chars", "lowercase"]:
            out[name] = yes(rng)
        out["strip_accents"] = rng.choice([None, True, False])
    return out


def pre_tokenizer(rng, charsmaps, nest=True):
    kind = rng.choice(
        "BertPreTokenizer ByteLevel CharDelimiterSplit Metaspace Whitespace Split Split "
        "Punctuation WhitespaceSplit Digits UnicodeScripts FixedLength".split()
        + ["Sequence"] * 6 * nest
    )
    out = {"type": kind}
    if kind == "Sequence":
        return several(rng, pre_tokenizer, "pretokenizers", kind, charsmaps)
    if kind == "ByteLevel":
        out.update(add_prefix_space=yes(rng), trim_offsets=yes(rng), use_regex=yes(rng))
    if kind == "CharDelimiterSplit":
        out["delimiter"] = rng.choice([" ", "o", "달", "▁"])
    if kind == "Metaspace":
        out["replacement"] = rng.choice(["▁", "_", "o"])
        out["prepend_scheme"] = rng.choice(["always", "first", "never"])
        out["split"] = yes(rng)
    if kind == "Split":
        out.update(pattern=rng.choice(PATTERNS), behavior=rng.choice(BEHAVIORS), invert=yes(rng))
    if kind == "Punctuation":
        out["behavior"] = rng.choice(BEHAVIORS)
    if kind == "Digits":
        out["individual_digits"] = yes(rng)
    if kind == "FixedLength":
        out["length"] = rng.randint(1, 6)
    return out


def post_processor(rng):
    kind = rng.choice("ByteLevel BertProcessing RobertaProcessing TemplateProcessing".split())
    out = {"type": kind}
    if kind in ("ByteLevel", "RobertaProcessing"):
        out.update(add_prefix_space=yes(rng), trim_offsets=yes(rng))
    if kind == "ByteLevel":
        out["use_regex"] = yes(rng)
    if kind in ("BertProcessing", "RobertaProcessing"):
        out.update(sep=["b", 1], cls=["c", 2])
    if kind == "TemplateProcessing":

        def piece(name):
            if name in "AB":
                return {"Sequence": {"id": name, "type_id": rng.randint(0, 2)}}
            return {"SpecialToken": {"id": name, "type_id": rng.randint(0, 2)}}

        out["single"] = [piece(x) for x in rng.choice(["A", "xA", "xAy", "Ay", "xxAyy"])]
        out["pair"] = [piece(x) for x in rng.choice(["AB", "xAyB", "xAyyBy", "ByA", "xBA"])]
        out["special_tokens"] = {
            "x": {"id": "x", "ids": [3], "tokens": ["x"]},
            "y": {"id": "y", "ids": [4, 5], "tokens": ["y", " z"]},
        }
    return out


def decoder(rng, charsmaps=None, nest=True):
    kind = rng.choice(
        "BPEDecoder ByteLevel WordPiece Metaspace CTC Replace Fuse Strip ByteFallback".split()
        + ["Sequence"] * 5 * nest
    )
    out = {"type": kind}
    if kind == "Sequence":
        return several(rng, decoder, "decoders", kind, charsmaps)
    if kind == "BPEDecoder":
        out["suffix"] = rng.choice(["</w>", "_", "o"])
    if kind == "ByteLevel":
        out.update(add_prefix_space=yes(rng), trim_offsets=yes(rng), use_regex=yes(rng))
    if kind == "WordPiece":
        out.update(prefix=rng.choice(["##", "@@", "a"]), cleanup=yes(rng))
    if kind == "Metaspace":
        out["replacement"] = rng.choice(["▁", "_", "o"])
        out["prepend_scheme"] = rng.choice(["always", "first", "never"])
        out["split"] = yes(rng)
    if kind == "CTC":
        pad, word = rng.choice(["<unk>", "e", "달"]), rng.choice(["▁", "|", " "])
        out.update(pad_token=pad, word_delimiter_token=word, cleanup=yes(rng))
    if kind == "Replace":
        out.update(pattern=rng.choice(PATTERNS), content=rng.choice(TEXTS))
    if kind == "Strip":
        out.update(content=rng.choice(["▁", " ", "e", "달"]))
        out.update(start=rng.randint(0, 2), stop=rng.randint(0, 2))
    return out


def mixed(rng, files):
    """(name, tokenizer.json): one of `files` with some of its parts exchanged."""
    name = rng.choice(sorted(files))
    file = dict(files[name])
    charsmaps = [
        p["precompiled_charsmap"]
        for f in files.values()
        for p in (f["normalizer"] or {}).get("normalizers", [f["normalizer"] or {}])
        if "precompiled_charsmap" in p
    ]
    if rng.random() < 0.7:
        file["normalizer"] = normalizer(rng, charsmaps) if rng.random() < 0.9 else None
    if rng.random() < 0.7:
        file["pre_tokenizer"] = pre_tokenizer(rng, charsmaps) if rng.random() < 0.9 else None
    if rng.random() < 0.7:
        file["post_processor"] = post_processor(rng) if rng.random() < 0.9 else None
    if rng.random() < 0.7:
        file["decoder"] = decoder(rng) if rng.random() < 0.9 else None
    added = list(file["added_tokens"])
    # None that a normalizer may empty: the peer then cuts at every byte.
    for content in rng.sample(["the", " moon", "달", "é", "e\u0301", "▁x", "ÖL", " x"], 2):
        added.append({"id": 0, "content": content, "special": yes(rng)})
        for flag in ["single_word", "lstrip", "rstrip", "normalized"]:
            added[-1][flag] = yes(rng)
    if rng.random() < 0.6:
        size = max(len(file["model"]["vocab"]), 1) + len(added) + 5
        for i, token in enumerate(added[-2:]):
            token["id"] = size + i
        file["added_tokens"] = added
    return name, file
