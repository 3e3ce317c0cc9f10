# SPDX-License-Identifier: Apache-2.0
"""GGUF as the gguf package reads, writes and quantises it, for tests/engine/formats.

Writes in tests/golden/formats:
  every_type.gguf    every metadata type, arrays, and a tensor of several types: our writer must
                     repeat its bytes
  every_type.json    what GGUFReader finds in it
  big_endian.gguf    refused
  gguf_quant.json    hashes of what every type dequantises and quantises to from a stream of random
                     blocks, and the errors of llama.cpp's own Q4_K and Q6_K (llama-cpp-python)
usage: gguf.py                          all of these
       gguf.py --check OURS [OTHER]     GGUFReader's view of OURS, compared with that of OTHER
"""
import ctypes
import hashlib
import json
import os
import sys
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]

import numpy as np  # noqa: E402
from gguf import GGUFEndian, GGUFReader, GGUFValueType, GGUFWriter, quants  # noqa: E402
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type  # noqa: E402
from importlib.metadata import version  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/formats"
SEED = 20261121
BLOCKS = 2048
np.seterr(all="ignore")


def stream(seed, count):
    """splitmix64, the same in test_gguf_quant.cpp."""
    x = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def numbers(kind, count):
    """Floats that any language computes alike: whole numbers times powers of two."""
    bits = stream(SEED + len(kind), count)
    if kind == "uniform":
        return ((bits >> np.uint64(40)).astype(np.int64) - 2**23).astype(np.float32) / 2**23
    fields = sum(((bits >> np.uint64(16 * i)) & np.uint64(0xFFFF)).astype(np.int64)
                 for i in range(4)) - 2 * 65535  # nearly normal
    if kind == "normal":
        return fields.astype(np.float32) / 2**15
    if kind == "outliers":
        return (fields**3).astype(np.float32) / np.float32(2**45)
    assert kind == "scaled"  # another power of two every 32 values
    shift = (stream(SEED + 99, (count + 31) // 32) >> np.uint64(60)).astype(np.int64)
    return fields.astype(np.float32) / np.exp2(10 + np.repeat(shift, 32)[:count]).astype(np.float32)


KINDS = ["uniform", "normal", "outliers", "scaled"]


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def floats_sha(values):
    """Of the bits; what is not a number counts as one pattern."""
    values = values.astype(np.float32, copy=True).ravel()
    values.view(np.uint32)[np.isnan(values)] = 0x7FC00000
    return sha(values)


def dequantized():
    rows = {}
    for kind in [Type.F16] + sorted(quants._type_traits):
        width = GGML_QUANT_SIZES[kind][1]
        count = BLOCKS if width > 2 else 65536
        blocks = stream(SEED + kind, (count * width + 7) // 8).view(np.uint8)[: count * width]
        if width == 2:  # every pattern
            blocks = np.arange(65536, dtype=np.uint16).view(np.uint8)
        values = quants.dequantize(blocks.reshape(count, width), kind)
        rows[kind.name] = {"blocks": count, "sha256": floats_sha(values)}
    return rows


def quantized():
    rows = {}
    for kind in [Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1]:
        rows[kind.name] = {
            name: sha(quants.quantize(numbers(name, 65536).reshape(-1, 256), kind))
            for name in KINDS
        }
    return rows


class Llama:
    """ggml's quantisers in the library of llama-cpp-python."""

    def __init__(self):
        import llama_cpp
        self.version = llama_cpp.__version__
        folder = Path(llama_cpp.__file__).parent / "lib"
        self.lib = ctypes.CDLL(str(folder / "libggml-base.so"))
        self.lib.ggml_quantize_chunk.restype = ctypes.c_size_t

    def quantize(self, values, kind):
        values = np.ascontiguousarray(values, dtype=np.float32).reshape(-1, values.shape[-1])
        size, width = GGML_QUANT_SIZES[kind]
        out = np.zeros(values.size // size * width, dtype=np.uint8)
        floats = ctypes.POINTER(ctypes.c_float)
        self.lib.ggml_quantize_chunk(
            ctypes.c_int(kind), values.ctypes.data_as(floats), out.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int64(0), ctypes.c_int64(values.shape[0]), ctypes.c_int64(values.shape[1]),
            None)
        return out.reshape(values.shape[0], -1)

    def error(self, values, kind):
        """Root of the mean squared error, from blocks read by gguf-py."""
        back = quants.dequantize(self.quantize(values, kind), kind).astype(np.float64)
        return float(np.sqrt(np.mean((back - values.reshape(back.shape)) ** 2)))


def demo_weights():
    """Matrices of the demo model whose rows are whole blocks."""
    from safetensors import safe_open
    with safe_open(ROOT / "examples/models/demo/model.safetensors", "pt") as f:
        for name in sorted(f.keys()):
            tensor = f.get_tensor(name)
            if tensor.ndim == 2 and tensor.shape[1] % 256 == 0:
                yield name, tensor.float().numpy()


def errors():
    llama, rows = Llama(), {}
    for kind in [Type.Q4_K, Type.Q6_K]:
        row = {name: llama.error(numbers(name, 65536).reshape(-1, 256), kind) for name in KINDS}
        row |= {"demo/" + name: llama.error(values, kind) for name, values in demo_weights()}
        rows[kind.name] = row
    return llama.version, rows


METADATA = [
    ("test.u8", 200, "UINT8"), ("test.i8", -100, "INT8"), ("test.u16", 60000, "UINT16"),
    ("test.i16", -30000, "INT16"), ("test.u32", 4000000000, "UINT32"),
    ("test.i32", -2000000000, "INT32"), ("test.f32", 0.1, "FLOAT32"), ("test.yes", True, "BOOL"),
    ("test.no", False, "BOOL"), ("test.u64", 2**63 + 5, "UINT64"), ("test.i64", -(2**62), "INT64"),
    ("test.f64", 0.1, "FLOAT64"), ("test.text", "달 ☾\n", "STRING"),
    ("test.words", ["", "a", "단어", "\u0000x"], "STRING"),
    ("test.bytes", bytes(range(250, 256)), "UINT8"), ("test.ints", [1, -2, 2**31 - 1], "INT32"),
    ("test.floats", [0.5, -1e30, 0.1], "FLOAT32"), ("test.flags", [True, False], "BOOL"),
    ("test.longs", [-(2**60), 7], "INT64"),
]
SEEDS = [Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1]


def write_every_type(path, endian=GGUFEndian.LITTLE):
    writer = GGUFWriter(path, "test", endianess=endian)
    for key, value, kind in METADATA:
        kind = GGUFValueType[kind]
        if isinstance(value, (list, bytes)):
            writer.add_key_value(key, value, GGUFValueType.ARRAY, sub_type=kind)
        else:
            writer.add_key_value(key, value, kind)
    for i, kind in enumerate(SEEDS):
        values = numbers("normal", 64 * (i + 1)).reshape(i + 1, 64)
        writer.add_tensor("t." + kind.name, quants.quantize(values, kind), raw_dtype=kind)
    blocks = stream(SEED, 18 * 2).view(np.uint8)[: 144 * 2]
    writer.add_tensor("t.Q4_K", blocks.reshape(2, 144), raw_dtype=Type.Q4_K)
    writer.add_tensor("t.deep", np.arange(24, dtype=np.int32).reshape(2, 1, 3, 4))
    writer.add_tensor("t.one", np.array([2.5], dtype=np.float64))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def contents(path):
    """What GGUFReader finds: keys with types and values, tensors with types, shapes and hashes."""
    reader = GGUFReader(path)
    keys = []
    for name, field in reader.fields.items():
        if name.startswith("GGUF."):
            continue
        value = field.contents()
        if field.types[0] == GGUFValueType.ARRAY and field.types[-1] != GGUFValueType.STRING:
            value = [v.item() if hasattr(v, "item") else v for v in value]
        keys.append({"key": name, "type": [t.name for t in field.types], "value": value})
    tensors = [{"name": t.name, "type": t.tensor_type.name, "bytes": int(t.n_bytes),
                "shape": [int(n) for n in reversed(t.shape.tolist())], "sha256": sha(t.data)}
               for t in reader.tensors]
    return {"metadata": keys, "tensors": tensors}


def check(ours, other=None):
    found = contents(ours)
    print(f"{ours}: {len(found['metadata'])} keys, {len(found['tensors'])} tensors, all read")
    if other is None:
        return
    wanted, wrong = contents(other), 0
    for part, name in [("metadata", "key"), ("tensors", "name")]:
        a, b = ({row[name]: row for row in c[part]} for c in (found, wanted))
        for key in dict.fromkeys([*b, *a]):
            if a.get(key) != b.get(key):
                wrong += 1
                print(f"{part} {key}:\n  {ours}: {str(a.get(key))[:300]}\n"
                      f"  {other}: {str(b.get(key))[:300]}")
    print("equal, field by field" if not wrong else f"{wrong} differ")
    sys.exit(wrong > 0)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    write_every_type(OUT / "every_type.gguf")
    write_every_type(OUT / "big_endian.gguf", GGUFEndian.BIG)
    peer = {"gguf": version("gguf"), "seed": SEED}
    text = json.dumps({"peer": peer, **contents(OUT / "every_type.gguf")}, indent=1)
    (OUT / "every_type.json").write_text(text + "\n")
    peer["llama_cpp_python"], rmse = errors()
    demo = hashlib.sha256((ROOT / "examples/models/demo/model.safetensors").read_bytes())
    rows = {"peer": peer, "dequantize": dequantized(), "quantize": quantized(), "rmse": rmse,
            "demo": demo.hexdigest()}
    (OUT / "gguf_quant.json").write_text(json.dumps(rows, indent=1) + "\n")


if sys.argv[1:2] == ["--check"]:
    check(*sys.argv[2:4])
else:
    main()
