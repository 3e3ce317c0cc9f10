# SPDX-License-Identifier: Apache-2.0
"""The peer of `scripts/bench load`: transformers opens the same folder. Prints seconds of
from_pretrained (the import is not counted) and of a first forward call over 16 tokens."""
import sys
import time

import torch
import transformers

transformers.logging.set_verbosity_error()
begin = time.perf_counter()
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype="auto")
ready = time.perf_counter() - begin
begin = time.perf_counter()
with torch.no_grad():
    model(torch.arange(1, 17).unsqueeze(0))
print(f"{ready:.3f} - {time.perf_counter() - begin:.3f}")
