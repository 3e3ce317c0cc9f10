# SPDX-License-Identifier: Apache-2.0
"""Separated values as Python's csv reads them (cells) and as pandas does (types and values), and
exact Jaccard similarities of shingled texts, for tests/engine/datasets. Without pandas that part is
left as it stands. usage: datasets.py OUT_DIR"""

import csv
import io
import json
import os
import random
import sys

SEED = 20261121
PIECES = ["a", "bc", "한국어", '"', '""', ",", ";", "\t", "\n", "\r\n", " ", "'", "x y", "0",
          "-1.5", ""]

# Rectangular, and read by the RFC and beyond it: quotes inside cells, text behind a closing quote.
BY_HAND = [
    ('a,b\n1,2\n', ","),
    ('a,b\r\n1,2\r\n', ","),
    ('a,b\n1,2', ","),
    ('"a","b"\n"1","2"\n', ","),
    ('"a ""quoted"" word",b\n', ","),
    ('"line\nbreak","c\r\nd"\n', ","),
    ('in"side,2"3\n', ","),
    ('"ab"cd,e\n', ","),
    ('"ab" ,e\n', ","),
    (' "ab",e\n', ","),
    ('"","",""\n,,\n', ","),
    ('a;b,c;d\n', ";"),
    ('a\tb\n"x\ty"\tz\n', "\t"),
    ('"""",""""""\n', ","),
    ("한글,\"쉼표, 있음\"\n", ","),
]

TYPED = [
    "i,f,b,s\n1,1.5,true,x\n-2,2,false,y\n3,-0.25,true,z\n",
    "i,f\n1,\n,2.5\n3,1e3\n",
    "b\nTrue\nFalse\nTrue\n",
    "m\n1\nx\n2.5\n",
    "n\n1\nNA\n3\n",
    "f\n.5\n1.25\n-3e-2\n",
    "i\n9007199254740991\n-9007199254740991\n",
    's,t\n"a, b",1\n"c ""d""",2\n',
]


def random_case(rng):
    columns, delimiter = rng.randint(2, 5), rng.choice(",;\t|")
    rows = [
        ["".join(rng.choice(PIECES) for _ in range(rng.randint(0, 4))) for _ in range(columns)]
        for _ in range(rng.randint(1, 6))
    ]
    out = io.StringIO()
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(out, delimiter=delimiter, quoting=quoting,
               lineterminator=rng.choice(["\n", "\r\n"])).writerows(rows)
    return out.getvalue(), delimiter


def cells(text, delimiter):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def shingles(text):
    """From each character on, as many as make six bytes of UTF-8."""
    text = " ".join(text.lower().split())
    found = set()
    for i in range(len(text)):
        n = 1
        while i + n <= len(text) and len(text[i:i + n].encode()) < 6:
            n += 1
        if i + n <= len(text):
            found.add(text[i:i + n])
    return found or {text}


def jaccard(a, b):
    x, y = shingles(a), shingles(b)
    return len(x & y) / len(x | y)


def typed():
    import pandas

    names = {"Int64": "integer", "Float64": "number", "boolean": "boolean", "string": "string"}
    result = []
    for text in TYPED:
        frame = pandas.read_csv(io.StringIO(text), dtype_backend="numpy_nullable")
        result.append({
            "text": text,
            "types": {c: names[str(frame[c].dtype)] for c in frame.columns},
            "rows": json.loads(frame.to_json(orient="records", double_precision=15)),
        })
    return "pandas " + pandas.__version__, result


def main(folder):
    rng = random.Random(SEED)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "csv.json")
    old = json.load(open(path)) if os.path.exists(path) else {}
    all_cases = BY_HAND + [random_case(rng) for _ in range(150)]
    out = {
        "source": "Python %s csv" % sys.version.split()[0],
        "seed": SEED,
        "cases": [{"text": t, "delimiter": d, "rows": cells(t, d)} for t, d in all_cases],
    }
    try:
        out["typed_source"], out["typed"] = typed()
    except ImportError:
        out["typed_source"], out["typed"] = old.get("typed_source"), old.get("typed")
    with open(path, "w") as f:
        json.dump(out, f, ensure_ascii=False, indent=0)
    base = "The quick brown fox jumps over the lazy dog near the river bank every morning."
    texts = [base, base.upper(), base + " Really.", base.replace("fox", "cat"),
             base.replace("quick brown fox", "slow red panda"), "Something else entirely, by far.",
             "고양이가 창가에 앉아 햇볕을 쬐고 있습니다.", "고양이가 창가에 앉아서 햇볕을 쬐고 있습니다."]
    with open(os.path.join(folder, "jaccard.json"), "w") as f:
        pairs = [[jaccard(a, b) for b in texts] for a in texts]
        json.dump({"source": "sets of Python", "texts": texts, "similarity": pairs}, f,
                  ensure_ascii=False, indent=0)


main(sys.argv[1])
