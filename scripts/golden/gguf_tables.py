# SPDX-License-Identifier: Apache-2.0
"""Writes engine/formats/gguf_grids.h: the lattices of the IQ types, as the gguf package holds them.
usage: gguf_tables.py OUT"""

import sys

sys.path.pop(0)  # this folder, whose gguf.py would hide the package

import numpy as np  # noqa: E402
from gguf import quants  # noqa: E402

GRIDS = ["IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S"]
HEAD = """// SPDX-License-Identifier: Apache-2.0
// The lattices of the IQ types: points of 8 (IQ3: 4) coordinates, each coordinate a number of a
// short list, packed as its place in that list: 2 bits (IQ3: 4 bits) each, the first one lowest.
// Constants of the format, read from gguf-py by scripts/golden/gguf_tables.py; do not edit. Only
// gguf_quant_iq.cpp reads it.
#pragma once

#include <cstdint>

namespace moonlet::ggml {
"""


def array(name, cells, kind="uint16_t"):
    out, line = ["inline constexpr %s k%s[] = {" % (kind, name)], "   "
    for cell in cells:
        if len(line) + len(cell) + 2 > 100:
            out.append(line)
            line = "   "
        line += " " + cell + ","
    return "\n".join(out + [line, "};\n"])


def main():
    parts = [HEAD]
    for name in GRIDS:
        kind = getattr(quants, name)
        kind.init_grid()
        points, bits = kind.grid.reshape(kind.grid_shape), 16 // kind.grid_shape[1]
        places = {float(v): i for i, v in enumerate(kind.grid_map)}
        words = [sum(places[float(v)] << bits * i for i, v in enumerate(p)) for p in points]
        camel = name.title().replace("_", "")
        parts.append(array(camel + "Values", [str(int(v)) for v in kind.grid_map], "int8_t"))
        parts.append(array(camel + "Grid", ["0x%04x" % w for w in words]))
    signs = np.frombuffer(quants.IQ2_XXS.ksigns, dtype=np.uint8)
    for i, byte in enumerate(signs):  # 7 stored signs; the eighth makes their number even
        assert byte == i | (bin(i).count("1") & 1) << 7
    with open(sys.argv[1], "w") as f:
        f.write("\n".join(parts + ["}  // namespace moonlet::ggml\n"]))


main()
