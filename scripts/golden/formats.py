# SPDX-License-Identifier: Apache-2.0
"""Files of the safetensors package for tests/engine/formats.

Writes in tests/golden/formats:
  every_dtype.safetensors   a tensor [2, 3] per dtype, a scalar, an empty one, Unicode metadata
  every_dtype.json          dtype, shape and bytes in hex of each, as torch holds them
  plain.safetensors         whose bytes our writer must repeat
"""
import json
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import safetensors  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

OUT = Path(__file__).resolve().parents[2] / "tests/golden/formats"
SEED = 20261121
TYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16,
    "U16": torch.uint16, "F16": torch.float16, "BF16": torch.bfloat16, "I32": torch.int32,
    "U32": torch.uint32, "F32": torch.float32, "F64": torch.float64, "I64": torch.int64,
    "U64": torch.uint64, "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "F8_E8M0": torch.float8_e8m0fnu, "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz, "C64": torch.complex64,
}


def raw(tensor):
    flat = tensor.contiguous().flatten()
    return flat.view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def row(name, tensor):
    dtype = name.removeprefix("a/") if name.startswith("a/") else "F32"
    return {"dtype": dtype, "shape": list(tensor.shape), "hex": raw(tensor).hex()}


OUT.mkdir(parents=True, exist_ok=True)
generator = torch.Generator().manual_seed(SEED)
tensors = {}
for type_name, type_ in TYPES.items():
    width = torch.empty(0, dtype=type_).element_size()
    top = 2 if type_name == "BOOL" else 256
    data = torch.randint(0, top, (6 * width,), generator=generator, dtype=torch.uint8)
    tensors[f"a/{type_name}"] = data.view(type_).reshape(2, 3)
tensors["scalar"] = torch.tensor(2.5)
tensors["empty"] = torch.empty(0, 4)
save_file(tensors, OUT / "every_dtype.safetensors", metadata={"format": "pt", "name": "달 ☾"})
peer = {"safetensors": safetensors.__version__, "torch": torch.__version__, "seed": SEED}
expected = {"peer": peer, "tensors": {name: row(name, t) for name, t in tensors.items()}}
(OUT / "every_dtype.json").write_text(json.dumps(expected, indent=1) + "\n")

plain = {"b": torch.arange(5, dtype=torch.float32), "n": torch.arange(4),
         "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
         "c.half": torch.arange(3).to(torch.bfloat16)}
save_file(plain, OUT / "plain.safetensors", metadata={"format": "pt"})
