# SPDX-License-Identifier: Apache-2.0
"""What transformers says of the states and attentions inside the models of tests/golden/models.

Writes tests/golden/generation/inspect.safetensors, per model:
  <model>.ids int64 [T]
  <model>.hidden [layers + 1, T, hidden_size]      output_hidden_states
  <model>.attention [layers, heads, T, T]          output_attentions, eager
  <model>.router [layers, T, experts]              softmax of the router's logits, where it has one
Run models.py first.
"""
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import torch  # noqa: E402
import transformers as tf  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests/golden/models"
NAMES = ["llama-gqa", "qwen3-gqa-tied", "gpt2-tied", "openai-gpt-tied", "gemma2-window",
         "gemma3-caps", "mixtral-top2", "qwen3_moe-norm-tied", "gpt_oss-yarn", "bert-mlm",
         "distilbert-mlm", "roberta-mlm"]
ENCODERS = ("bert", "distilbert", "roberta")

golden = {}
for name in sys.argv[1:] or NAMES:
    folder = MODELS / name
    if not folder.exists():
        print("no", name)
        continue
    cls = tf.AutoModel if name.startswith(ENCODERS) else tf.AutoModelForCausalLM
    model = cls.from_pretrained(folder, attn_implementation="eager",
                                experts_implementation="eager", dtype=torch.float32).eval()
    ids = load_file(folder / "golden.safetensors")["ids"]
    routed = hasattr(model.config, "router_aux_loss_coef")
    with torch.no_grad():
        out = model(ids, output_hidden_states=True, output_attentions=True,
                    **({"output_router_logits": True} if routed else {}))
    golden[name + ".ids"] = ids[0]
    golden[name + ".hidden"] = torch.stack([h[0] for h in out.hidden_states])
    golden[name + ".attention"] = torch.stack([a[0] for a in out.attentions])
    if routed:
        golden[name + ".router"] = torch.stack([r.softmax(-1) for r in out.router_logits])
    print(name, {k: list(v.shape) for k, v in golden.items() if k.startswith(name + ".")})
save_file({k: v.contiguous() for k, v in golden.items()},
          ROOT / "tests/golden/generation/inspect.safetensors",
          metadata={"transformers": tf.__version__, "torch": torch.__version__})
