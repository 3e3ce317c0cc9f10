# SPDX-License-Identifier: Apache-2.0
"""The peers' half of scripts/bench retrieval, and the table of both: langchain-text-splitters,
bm25s (numba), faiss-cpu. usage: python3 retrieval.py MOONLET DATA"""

import json
import math
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import bm25s
import faiss
import langchain_text_splitters as splitters
import numpy as np

moonlet, data = sys.argv[1], Path(sys.argv[2])
bench = Path(__file__).resolve().parent


def best(f, runs=3):
    least = math.inf
    for _ in range(runs):
        start = time.perf_counter()
        f()
        least = min(least, time.perf_counter() - start)
    return least


documents = sorted(p for p in data.glob("docs/**/*") if p.suffix in (".md", ".xhtml"))
text = "\n\n".join(p.read_text(encoding="utf-8") for p in documents) * 4
squad = json.loads((data / "squad/xquad_en_dev20.json").read_text(encoding="utf-8"))["data"]
queries = [qa["question"] for a in squad for p in a["paragraphs"] for qa in p["qas"]]
splitter = splitters.RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
passages = splitters.RecursiveCharacterTextSplitter(chunk_size=400).split_text(text)
passages += [p["context"] for a in squad for p in a["paragraphs"]]
count, dim = 20000, 384

megabytes = len(text.encode()) / 1e6
theirs = {"split_recursive_MB/s": megabytes / best(lambda: splitter.split_text(text))}


def tokens(s):
    return re.findall(r"\w+", s.lower())


def index():
    made = bm25s.BM25(backend="numba")
    made.index([tokens(p) for p in passages], show_progress=False)
    return made


theirs["bm25_index_s"] = best(index)
made = index()


def search():
    # Strings in, as ours: the ids are found anew.
    asked = [tokens(q) for q in queries]
    made.retrieve(asked, k=10, show_progress=False, n_threads=1)


search()  # compiles
theirs["bm25_queries/s"] = len(queries) / best(search)


def rows(n, seed):
    i = (np.arange(1, n + 1) + seed)[:, None]
    j = (np.arange(1, dim + 1) + 0.5)[None, :]
    made = np.sin(i * j * 0.731).astype("float32")
    return made / np.linalg.norm(made, axis=1, keepdims=True)


flat = faiss.IndexFlatIP(dim)
flat.add(rows(count, 0))
asked = rows(200, 1e6)
theirs["flat_single_queries/s"] = 100 / best(
    lambda: [flat.search(asked[:1], 10) for _ in range(100)])
theirs["flat_batch_queries/s"] = len(asked) / best(lambda: flat.search(asked, 10))

with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
    json.dump({"text": text, "passages": passages, "queries": queries, "vectors": count,
               "dim": dim}, file, ensure_ascii=False)
    file.flush()
    command = [moonlet, str(bench / "retrieval.lua"), file.name]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
print(f"{megabytes:.1f} MB of text, {len(passages)} passages, {len(queries)} queries, "
      f"{count} vectors of {dim}")
print("peers: " + ", ".join(f"{name} {version(name)}" for name in
                             ("langchain-text-splitters", "bm25s", "faiss-cpu")))
print(f"{'':24}{'ours':>12}{'theirs':>12}{'times':>9}")
for line in lines.splitlines():
    name, value = line.split()
    value, other = float(value), theirs.get(name)
    ratio = "" if not other else f"{(other / value if name.endswith('_s') else value / other):9.2f}"
    print(f"{name:24}{value:12.4g}{'' if not other else format(other, '12.4g'):>12}{ratio}")
