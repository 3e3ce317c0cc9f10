# SPDX-License-Identifier: Apache-2.0
"""What llama.cpp makes of tests/golden/models, for tests/engine/models/test_gguf.cpp.

llama.cpp's own converter (the package `conversion` of its source tree, at $LLAMA_CPP) turns each
of the tiny transformers models into GGUF files. Kept of each, in tests/golden/gguf/<name>.json:
  metadata   what it says of the network (not of the vocabulary)
  tensors    name: [type, shape outermost first, SHA-256 of its bytes]
so that a test can compare ours with it bit for bit, without the file; and in <name>.safetensors,
for families that transformers opens from GGUF, its logits of the quantised file.
gpt_oss-mxfp4.gguf is kept whole: it has a type that we only read.
tests/golden/gguf/types.json holds the types that llama.cpp's quantiser gives the tensors of one
larger random llama, by file type (llama-cpp-python).

  gguf_models.py [NAME …]                 makes the files
  gguf_models.py --check MOONLET [NAME …] writes the models of tests/golden/models and
                                          examples/models/demo with that moonlet, in every type,
                                          opens them in llama-cpp-python and compares greedy tokens
llama.cpp does not look at the window of a Mistral or a Phi-3, and takes longrope's long factors
for short texts, too, when its context is above the original one: tokens may differ there.
"""
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests/golden/models"
OUT = ROOT / "tests/golden/gguf"
ENCODERS = ("bert", "roberta", "xlm_roberta", "distilbert")
WHOLE = ("gpt_oss-mxfp4",)  # kept as files: of a type that we read and do not write
TYPES = ("f32", "bf16", "q8_0")
QUANTISED = {"q8_0": 7, "q4_0": 2, "q4_1": 3, "q4_k": 15, "q6_k": 18}


def converter():
    tree = os.environ.get("LLAMA_CPP")
    if not tree:
        sys.exit("gguf_models: LLAMA_CPP must name a source tree of llama.cpp")
    sys.path.insert(0, tree)
    sys.path.insert(0, tree + "/gguf-py")
    import conversion
    return conversion


def convert(conversion, folder, kind, path):
    """The converter without its vocabulary: the tiny models have none."""
    import gguf
    import torch
    from conversion.base import ModelBase, ModelType, get_model_architecture
    kinds = {"f32": gguf.LlamaFileType.ALL_F32, "bf16": gguf.LlamaFileType.MOSTLY_BF16,
             "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    hparams = ModelBase.load_hparams(folder, False)
    architecture = get_model_architecture(hparams, ModelType.TEXT)
    cls = conversion.get_model_class(architecture)

    cls.set_vocab = lambda self: None
    if "n_positions" in hparams:  # transformers 5 no longer writes it
        hparams.setdefault("n_ctx", hparams["n_positions"])
    if architecture == "GPTNeoXForCausalLM":  # likewise
        rope = hparams.get("rope_parameters") or {}
        hparams.setdefault("rotary_pct", rope.get("partial_rotary_factor", 0.25))
    with torch.inference_mode():
        cls(folder, kinds[kind], path, eager=True, hparams=hparams).write()


def described(path):
    import gguf
    reader = gguf.GGUFReader(path)
    metadata = {}
    for key, field in reader.fields.items():
        if key.startswith(("GGUF.", "general.", "tokenizer.")):
            continue
        value = field.contents()
        metadata[key] = value
    tensors = {}
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        digest = hashlib.sha256(tensor.data.tobytes()).hexdigest()
        tensors[tensor.name] = [tensor.tensor_type.name, shape, digest]
    return {"metadata": metadata, "tensors": tensors}


def quantised_logits(name, path):
    """transformers' logits (encoders: states) of the file's weights, dequantised by it."""
    import torch
    import transformers as tf
    from safetensors.torch import load_file, save_file
    numbers = load_file(MODELS / name / "golden.safetensors")
    if "logits" not in numbers or name.startswith(ENCODERS):
        return
    try:
        model = tf.AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32,
            config=tf.AutoConfig.from_pretrained(MODELS / name),
            quantization_config=tf.GgufConfig(gguf_file=path.name, dequantize=True))
    except Exception as error:
        print(f"{name}: transformers does not open it: {error!r}"[:150])
        return
    inputs = {"input_ids": numbers["ids"]}
    if "positions" in numbers:
        inputs["position_ids"] = numbers["positions"]
    with torch.no_grad():
        logits = model.float().eval()(**inputs).logits
    save_file({"q8_0.logits": logits.contiguous()}, OUT / f"{name}.safetensors",
              metadata={"transformers": tf.__version__})


def make(names):
    conversion = converter()
    import gguf  # noqa: F401
    version = os.environ.get("LLAMA_CPP_VERSION", "of llama-cpp-python 0.3.36")
    OUT.mkdir(exist_ok=True)
    for name in names:
        made = {"peer": f"llama.cpp's converter, {version}"}
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / name
            shutil.copytree(MODELS / name, folder)
            vocab = json.loads((folder / "config.json").read_text()).get("vocab_size", 0)
            (folder / "tokenizer.json").write_text(json.dumps(  # gemma3 counts its tokens
                {"model": {"vocab": {str(i): i for i in range(vocab)}}, "added_tokens": []}))
            for kind in TYPES:
                path = Path(scratch) / f"{kind}.gguf"
                try:
                    convert(conversion, folder, kind, path)
                except Exception as error:  # not every config has a GGUF form
                    print(f"{name}: llama.cpp does not convert it: {error!r}")
                    break
                made[kind] = described(path)
                if kind == "f32" and name in WHOLE:
                    shutil.copy(path, OUT / f"{name}.gguf")
                if kind == "q8_0":
                    quantised_logits(name, path)
            else:
                (OUT / f"{name}.json").write_text(json.dumps(made, indent=None,
                                                             separators=(",", ":")) + "\n")
                print(name, len(made["f32"]["tensors"]), "tensors")


def make_types():
    """A llama whose rows are whole blocks of 256, by llama.cpp's quantiser."""
    import gguf
    import llama_cpp
    import numpy as np
    layers, hidden, inner, vocab = 9, 256, 512, 300
    random = np.random.default_rng(20261121)
    draw = lambda *shape: random.standard_normal(shape).astype(np.float32)  # noqa: E731
    result = {"peer": f"llama-cpp-python {llama_cpp.__version__}", "layers": layers}
    with tempfile.TemporaryDirectory() as scratch:
        source = scratch + "/f32.gguf"
        writer = gguf.GGUFWriter(source, "llama")
        writer.add_block_count(layers)
        writer.add_context_length(64)
        writer.add_embedding_length(hidden)
        writer.add_feed_forward_length(inner)
        writer.add_head_count(4)
        writer.add_head_count_kv(2)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_vocab_size(vocab)
        writer.add_file_type(0)
        writer.add_tokenizer_model("none")
        writer.add_tensor("token_embd.weight", draw(vocab, hidden))
        writer.add_tensor("output_norm.weight", draw(hidden))
        writer.add_tensor("output.weight", draw(vocab, hidden))
        for i in range(layers):
            for part, shape in (("attn_norm", (hidden,)), ("ffn_norm", (hidden,)),
                                ("attn_q", (hidden, hidden)), ("attn_k", (hidden // 2, hidden)),
                                ("attn_v", (hidden // 2, hidden)),
                                ("attn_output", (hidden, hidden)),
                                ("ffn_gate", (inner, hidden)), ("ffn_up", (inner, hidden)),
                                ("ffn_down", (hidden, inner))):
                writer.add_tensor(f"blk.{i}.{part}.weight", draw(*shape))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        for kind, number in QUANTISED.items():
            target = scratch + f"/{kind}.gguf"
            params = llama_cpp.llama_model_quantize_default_params()
            params.ftype = number
            with quiet():
                failed = llama_cpp.llama_model_quantize(source.encode(), target.encode(), params)
            assert failed == 0, kind
            result[kind] = {t.name: t.tensor_type.name for t in gguf.GGUFReader(target).tensors}
    (OUT / "types.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print("types of", len(QUANTISED), "file types")


@contextlib.contextmanager
def quiet():
    """llama.cpp writes its log to stderr from C."""
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(null)
        os.close(kept)


LUA = """
local json = require "moonlet".json
local folder, path, kind, count = arg[1], arg[2], arg[3], tonumber(arg[4])
local m = models.load(folder)
models.convert(m, {path = path, type = kind})
local again = models.load(path)
local ids = {}
for i = 1, 7 do ids[i] = (i * 37) % again.config.vocab_size end
if again.tokenizer then ids = again.tokenizer:encode "Once upon a time" end
local g = again:generate(ids, {max_tokens = count, ignore_eos = true, stream = false})
print(json.encode{prompt = ids, tokens = g.tokens})
"""


def judged(path, prompt, tokens):
    """How llama.cpp likes tokens: the number that are its own likeliest ones, and the most by
    which another was likelier, in shares of the logits' spread."""
    import llama_cpp
    import numpy as np
    with quiet():
        model = llama_cpp.Llama(path, n_ctx=256, n_gpu_layers=0, verbose=False, n_threads=2)
        same, worst = 0, 0.0
        model.eval(prompt)
        for token in tokens:
            logits = np.array(model._ctx.get_logits_ith(-1)[:model.n_vocab()])
            same += int(logits.argmax()) == token
            worst = max(worst, float(logits.max() - logits[token]) / float(logits.std()))
            model.eval([token])
        model.close()
    return same, worst


def check(moonlet, names):
    count, failed = 24, 0
    folders = [MODELS / name for name in names] or [ROOT / "examples/models/demo"]
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "write.lua"
        script.write_text(LUA)
        for folder in folders:
            for kind in ("f32", "f16", "bf16", "q8_0"):
                path = f"{scratch}/{folder.name}-{kind}.gguf"
                run = subprocess.run([moonlet, script, folder, path, kind, str(count)],
                                     capture_output=True, text=True)
                if run.returncode != 0:
                    print(f"{folder.name:24} {kind:5} not written: {run.stderr.strip()[:150]}")
                    failed += 1
                    break
                ours = json.loads(run.stdout.strip().splitlines()[-1])
                try:
                    same, worst = judged(path, ours["prompt"], ours["tokens"])
                except Exception as error:
                    print(f"{folder.name:24} {kind:5} llama.cpp does not open it: {error!r}")
                    failed += 1
                    continue
                # Its q8_0 rounds what it multiplies, too, and we compute in the file's 16 bits:
                # there a close second counts.
                total = len(ours["tokens"])
                limit = {"f32": 1e-3, "f16": 0.02, "bf16": 0.1, "q8_0": 0.3}[kind]
                near = same == total or worst < limit
                print(f"{folder.name:24} {kind:5} {same} of {total} greedy tokens the same"
                      + ("" if same == total else f", the worst {worst:.3f} behind"))
                failed += not near
                os.unlink(path)
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(1 if check(sys.argv[2], sys.argv[3:]) else 0)
    if "LLAMA_CPP" not in os.environ:
        print("gguf_models: left as they are; LLAMA_CPP must name a source tree of llama.cpp")
        sys.exit(0)
    make(sys.argv[1:] or sorted(p.name for p in MODELS.iterdir() if p.is_dir()))
    if not sys.argv[1:]:
        make_types()
