# SPDX-License-Identifier: Apache-2.0
"""The first numbers of xoshiro256** seeded by SplitMix64, from a Python implementation of the
published algorithms (Blackman & Vigna), for tests/engine/core. usage: core.py OUT_DIR"""

import json
import os
import sys

M = (1 << 64) - 1


def stream(seed, n):
    s = []
    for _ in range(4):
        seed = (seed + 0x9E3779B97F4A7C15) & M
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
        s.append(z ^ (z >> 31))
    rotl = lambda x, k: ((x << k) | (x >> (64 - k))) & M
    out = []
    for _ in range(n):
        out.append((rotl((s[1] * 5) & M, 7) * 9) & M)
        t = (s[1] << 17) & M
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
    return [str(x) for x in out]


os.makedirs(sys.argv[1], exist_ok=True)
with open(os.path.join(sys.argv[1], "random.json"), "w") as f:
    json.dump(
        {
            "source": "xoshiro256** in Python " + sys.version.split()[0],
            "streams": {str(k): stream(k, 8) for k in (0, 1, 42, (1 << 53) - 1)},
        },
        f,
        indent=1,
    )
