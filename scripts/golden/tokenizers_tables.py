# SPDX-License-Identifier: Apache-2.0
"""Writes engine/tokenizers/unicode_tables.h: asks Hugging Face tokenizers about every code point,
and libpcre2-8 which characters its \\p{..} does not know yet.
usage: tokenizers_tables.py OUT (three minutes)"""

import ctypes
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
from tokenizers import Regex, normalizers, pre_tokenizers  # noqa: E402

ALL = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
BATCHES = [ALL[i : i + 2000] for i in range(0, len(ALL), 2000)]
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cf".split()
CLASSES = {
    "Word": "\\w of Whitespace and single_word: letters, marks, digits, connectors, joiners",
    "Numeric": "Nd, Nl, No (Digits)",
    "Punctuation": "P and ASCII punctuation (Punctuation, BERT)",
    "Control": "what BERT's clean_text drops: Cc but tab, newline, return; Cf, Co, NUL, U+FFFD",
    "Combining": "M (StripAccents; also the marks whose combining class is known)",
    "Nonspacing": "Mn (BERT's strip_accents)",
}
HEAD = """// SPDX-License-Identifier: Apache-2.0
// Character classes as ranges of code points, both ends included: facts of the Unicode versions
// that Hugging Face tokenizers 0.23 is built with, which differ from class to class (its
// punctuation is older than its letters). Made by scripts/golden/tokenizers_tables.py, which asks
// that library about every code point; do not edit. Only unicode.cpp and regex_syntax.cpp read it.
#pragma once

#include <cstdint>

namespace moonlet::unicode {

struct Range {
    uint32_t first, last;
};

struct NewRange {  // characters newer than the tables of PCRE2 10.42 (Unicode 14)
    uint32_t first, last;
    char category[3];
};

struct ScriptRange {
    uint32_t first, last;
    int script;
};
"""


def ranges(members):
    out = []
    for c in sorted(members):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def alone(pre):
    """What stands apart between two letters."""
    return {
        ord(t)
        for b in BATCHES
        for t, _ in pre.pre_tokenize_str("".join("a%sa" % chr(c) for c in b))
        if len(t) == 1 and t != "a"
    }


def dropped(normalizer):
    return {c for c in ALL if normalizer.normalize_str(chr(c)) == ""}


def matched(pattern):
    pre, out = pre_tokenizers.Split(Regex(pattern), "removed"), set()
    for b in BATCHES:
        left = {c for t, _ in pre.pre_tokenize_str("\0".join(map(chr, b))) for c in t}
        out |= {c for c in b if chr(c) not in left}
    return out


def pcre2(pattern):
    lib = ctypes.CDLL("libpcre2-8.so.0")
    lib.pcre2_compile_8.restype = lib.pcre2_match_data_create_8.restype = ctypes.c_void_p
    error, at = ctypes.c_int(), ctypes.c_size_t()
    code = ctypes.c_void_p(
        lib.pcre2_compile_8(
            pattern.encode(),
            ctypes.c_size_t(len(pattern)),
            0x000A0000,
            ctypes.byref(error),
            ctypes.byref(at),
            None,
        )
    )
    data = ctypes.c_void_p(lib.pcre2_match_data_create_8(8, None))
    hit = (
        lambda b: lib.pcre2_match_8(
            code, b, ctypes.c_size_t(len(b)), ctypes.c_size_t(0), 0, data, None
        )
        >= 0
    )
    return {c for c in ALL if hit(chr(c).encode())}


def classes():
    bert = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    word = {ord("a")}
    for b in BATCHES:
        words = pre_tokenizers.Whitespace().pre_tokenize_str(" ".join("a%sa" % chr(c) for c in b))
        word |= {ord(t[1]) for t, _ in words if len(t) == 3}
    return {
        "Word": word,
        "Numeric": alone(pre_tokenizers.Digits(True)),
        "Punctuation": alone(pre_tokenizers.Punctuation()),
        "Control": dropped(normalizers.BertNormalizer(**{**bert, "clean_text": True})),
        "Combining": dropped(normalizers.StripAccents()),
        "Nonspacing": dropped(normalizers.BertNormalizer(**{**bert, "strip_accents": True})),
    }


def scripts():
    """(first, last, number) of every script that UnicodeScripts tells apart; Han, Hiragana and
    Katakana are one there. What it never cuts at has none."""
    pre = pre_tokenizers.UnicodeScripts()

    def cut(a, b):
        return len(pre.pre_tokenize_str(chr(a) + chr(b))) > 1

    groups, classes, out = [], [], []
    for c in [0] + ALL:
        if not cut(0x61, c) and not cut(0x3B1, c):
            continue  # of no script
        if groups and groups[-1][-1] == c - 1 and not cut(c - 1, c):
            groups[-1].append(c)
        else:
            groups.append([c])
    for g in groups:
        same = [i for i, first in enumerate(classes) if not cut(first, g[0])]
        if not same:
            classes.append(g[0])
        out.append((g[0], g[-1], same[0] if same else len(classes) - 1))
    return out


def array(kind, name, doc, rows):
    out, line = ["// %s\ninline constexpr %s k%s[] = {" % (doc, kind, name)], "   "
    for row in rows:
        third = (', "%s"' if isinstance(row[-1], str) else ", %d") % row[-1] if row[2:] else ""
        cell = " {0x%X, 0x%X%s}," % (row[0], row[1], third)
        if len(line) + len(cell) > 100:
            out.append(line)
            line = "   "
        line += cell
    return "\n".join(out + [line, "};\n"])


def main():
    found = classes()
    parts = [HEAD] + [array("Range", k, CLASSES[k], ranges(found[k])) for k in CLASSES]
    new = []
    for c in CATEGORIES:
        new += [(a, b, c) for a, b in ranges(matched(r"\p{%s}" % c) - pcre2(r"\p{%s}" % c))]
    parts.append(array("NewRange", "NewInPatterns", "for \\p{..} in patterns", sorted(new)))
    doc = "scripts as UnicodeScripts tells them apart, numbered in order of appearance"
    parts.append(array("ScriptRange", "Scripts", doc, scripts()))
    with open(sys.argv[1], "w") as f:
        f.write("\n".join(parts + ["}  // namespace moonlet::unicode\n"]))


main()
