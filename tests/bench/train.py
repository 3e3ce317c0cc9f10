# SPDX-License-Identifier: Apache-2.0
"""The peer of `scripts/bench train`: the same step by transformers and peft.
train.py FOLDER lora|full bf16|f32 [BATCH LENGTH STEPS THREADS] prints tokens/s, seconds a step
(median of the steps behind the first), peak memory in MB, threads and versions."""
import resource
import statistics
import sys
import time

import torch
import transformers

folder, tune, dtype = sys.argv[1:4]
batch, length, steps, threads = (
    int(sys.argv[i]) if len(sys.argv) > i else usual
    for i, usual in ((4, 4), (5, 512), (6, 5), (7, torch.get_num_threads())))
torch.set_num_threads(threads)
torch.manual_seed(1)
transformers.logging.set_verbosity_error()
model = transformers.AutoModelForCausalLM.from_pretrained(
    folder, dtype={"bf16": torch.bfloat16, "f32": torch.float32}[dtype])
model.train()
versions = f"torch-{torch.__version__} transformers-{transformers.__version__}"
if tune == "lora":
    import peft
    model = peft.get_peft_model(model, peft.LoraConfig(
        r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
    versions += f" peft-{peft.__version__}"
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
ids = torch.randint(0, model.config.vocab_size, (batch, length))
seconds = []
for _ in range(steps):
    begin = time.perf_counter()
    model(input_ids=ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    seconds.append(time.perf_counter() - begin)
step = statistics.median(seconds[1:] or seconds)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
print(f"{batch * length / step:.1f} {step:.3f} {peak:.0f} {threads} {versions}")
