# SPDX-License-Identifier: Apache-2.0
"""Numbers of bm25s and langchain-text-splitters for tests/engine/lexical.

Writes tests/golden/lexical/:
  bm25.json      texts, queries and for each of the five methods every text's score
  split.json     texts, settings and the chunks of RecursiveCharacterTextSplitter
  markdown.json  texts and the headings above each section of MarkdownHeaderTextSplitter
  token.json     a text and the windows that Hugging Face's tokenizers gives for its tokens
The texts are our manual's and generated ones; they are written into the files, so that the numbers
stay true when the manual changes. Terms are made here by Python's own regular expressions.
"""

import json
import random
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# This folder has a tokenizers.py too; the package of that name is wanted.
sys.path = [p for p in sys.path if Path(p or ".").resolve() != ROOT / "scripts/golden"]

import bm25s  # noqa: E402
import langchain_text_splitters as splitters  # noqa: E402
import tokenizers  # noqa: E402
from importlib.metadata import version  # noqa: E402

OUT = ROOT / "tests/golden/lexical"
MANUAL = ROOT / "examples/data/manual"
SEED = 20261121
METHODS = ["lucene", "robertson", "atire", "bm25l", "bm25+"]


def write(name, peer, value):
    OUT.mkdir(parents=True, exist_ok=True)
    value = {"peer": {peer: version(peer), "seed": SEED}, **value}
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (OUT / name).write_text(text + "\n", encoding="utf-8")


def terms(text):
    """Lower-case words; a run of Hangul is its pairs of characters."""
    found = []
    for word in re.findall(r"\w+", text.lower()):
        for run in re.findall(r"[가-힣]+|[^가-힣]+", word):
            if len(run) == 1 or not re.match("[가-힣]", run):
                found.append(run)
            else:
                found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


def bm25():
    names = ["chat.md", "chat-ko.md", "keys.md", "keys-ko.md", "training.md", "training-ko.md"]
    texts = []
    for name in names:
        texts += (MANUAL / name).read_text(encoding="utf-8").strip().split("\n\n")
    texts += ["a", "the the the the", "", "The quick brown fox. The lazy dog.",
              "대한민국의 수도는 서울이다."]
    queries = ["How do I go back to an earlier message?", "the the fox", "학습을 멈추려면",
               "Ctrl-C in training", "서울은 어디", "채팅 chat 메시지", "zzz"]
    corpus = [terms(text) for text in texts]
    cases = []
    for method, k1, b, delta in [(m, 1.5, 0.75, 0.5) for m in METHODS] + [
        ("lucene", 1.2, 0.3, 0.5), ("bm25l", 2.0, 1.0, 1.0), ("bm25+", 0.9, 0.0, 0.7)]:
        index = bm25s.BM25(method=method, k1=k1, b=b, delta=delta)
        index.index(corpus, show_progress=False)
        scores = [[float(f"{s:.7g}") for s in index.get_scores(terms(q))] for q in queries]
        cases.append({"options": {"method": method, "k1": k1, "b": b, "delta": delta},
                      "scores": scores})
    matched = [[i for i, doc in enumerate(corpus) if set(doc) & set(terms(q))] for q in queries]
    write("bm25.json", "bm25s",
          {"texts": texts, "queries": queries, "matched": matched, "cases": cases})


def generated(rng):
    """Paragraphs, lines and words of every length, Korean and English, odd white space."""
    parts = []
    for _ in range(120):
        word = "".join(rng.choice("abcdefgh가나다라마바사") for _ in range(rng.randint(1, 9)))
        if rng.random() < 0.04:
            word *= 12
        parts.append(word + rng.choice([" ", " ", " ", " ", "  ", "\n", "\n\n", "\n\n\n", "\t",
                                        "\u3000", ". "]))
    return "".join(parts)


def split():
    rng = random.Random(SEED)
    texts = [(MANUAL / name).read_text(encoding="utf-8") for name in ["moonlet.md", "models-ko.md"]]
    texts += [generated(rng) for _ in range(4)] + ["", " \n ", "\n\n", "x" * 50, "가" * 25 + " b"]
    cases = []
    for i, text in enumerate(texts):
        for size, overlap, separators in [
            (400, 50, None), (60, 20, None), (10, 0, None), (25, 24, None), (1, 0, None),
            (30, 5, ["\n", ". ", " "]), (40, 10, [" ", ""])]:
            options = {"chunk_size": size, "chunk_overlap": overlap}
            if separators:
                options["separators"] = separators
            chunks = splitters.RecursiveCharacterTextSplitter(**options).split_text(text)
            if size == 1 and len(text) > 100:
                continue
            ours = {"size": size, "overlap": overlap, "by": "recursive"}
            if separators:
                ours["separators"] = separators
            cases.append({"text": i, "options": ours, "chunks": chunks})
    write("split.json", "langchain-text-splitters", {"texts": texts, "cases": cases})


def markdown():
    texts = ["# One\ntext\n## Two\nmore\n### Three\n## Four\nend\n# Five\nlast",
             "before\n\n# A\na\n#### D\nd\n## B\nb\n```sh\n# no heading\n```\n## C\nc\n",
             "# 제목\n\n글입니다.\n\n## 작은 제목\n\n더 많은 글.\n#not\n"]
    levels = [("#" * n, str(n)) for n in range(1, 7)]
    cases = []
    for text in texts:
        splitter = splitters.MarkdownHeaderTextSplitter(levels, strip_headers=False)
        parts = splitter.split_text(text)
        cases.append({"text": text, "headers": [list(p.metadata.values()) for p in parts]})
    write("markdown.json", "langchain-text-splitters", {"cases": cases})


def token():
    tokenizer = tokenizers.Tokenizer.from_file(
        str(ROOT / "tests/golden/generation/llama/tokenizer.json"))
    text = (MANUAL / "chat-ko.md").read_text(encoding="utf-8")
    encoding = tokenizer.encode(text, add_special_tokens=False)
    byte = [0]
    for c in text:
        byte.append(byte[-1] + len(c.encode("utf-8")))
    cases = []
    for size, overlap in [(16, 0), (40, 10), (7, 6)]:
        spans = []
        for first in range(0, len(encoding.ids), size - overlap):
            last = min(first + size, len(encoding.ids))
            a, b = encoding.offsets[first][0], encoding.offsets[last - 1][1]
            piece = text[a:b]
            a, b = a + len(piece) - len(piece.lstrip()), b - len(piece) + len(piece.rstrip())
            if a < b:
                spans.append([byte[a], byte[b]])
            if last == len(encoding.ids):
                break
        cases.append({"size": size, "overlap": overlap, "spans": spans})
    write("token.json", "tokenizers", {"text": text, "cases": cases})


if __name__ == "__main__":
    bm25()
    split()
    markdown()
    token()
