# SPDX-License-Identifier: Apache-2.0
"""The peer of `scripts/bench load`: transformers opens the same folder. Prints seconds of
the imports, of from_pretrained and of a first forward call over 16 tokens."""
import sys
import time

begin = time.perf_counter()
import torch
import transformers

transformers.AutoModelForCausalLM  # imported when first asked for
imports = time.perf_counter() - begin
transformers.logging.set_verbosity_error()
begin = time.perf_counter()
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype="auto")
ready = time.perf_counter() - begin
begin = time.perf_counter()
with torch.no_grad():
    model(torch.arange(1, 17).unsqueeze(0))
print(f"{imports:.3f} {ready:.3f} - {time.perf_counter() - begin:.3f}")
