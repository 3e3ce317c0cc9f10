# SPDX-License-Identifier: Apache-2.0
"""Peers of `scripts/bench generate`, each called for one measurement in a process of its own:
generate.py llama FILE.gguf THREADS | transformers FOLDER THREADS. Prints, as generate.lua does,
prefill tok/s, decode tok/s, tok/s of eight texts together, ms to the first token of a 16-token
prompt, peak MB; `generate.py info` prints how llama.cpp was built."""
import os
import resource
import sys
import time

PROMPT, WRITTEN, FIRST, BATCH = 256, 32, 16, 8


def ids(count, salt=0):
    return [(i * 7919 + salt * 104729) % 30000 for i in range(count)]


def seconds(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def report(prefill, decode, batch, first):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{prefill:.1f} {decode:.2f} {batch:.2f} {1e3 * first:.1f} {peak:.0f}")


def quiet():
    """Leaves out what libraries say; a failure of ours is still told."""
    told = os.fdopen(os.dup(2), "w")
    sys.excepthook = lambda kind, error, _: print(f"{kind.__name__}: {error}", file=told)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def llama(path, threads):
    quiet()
    import llama_cpp as L

    L.llama_backend_init()
    params = L.llama_model_default_params()
    params.use_extra_bufts = not os.environ.get("LLAMA_NO_EXTRA_BUFFERS")
    model = L.llama_model_load_from_file(path.encode(), params)
    params = L.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = BATCH * 512, 512, 512
    params.n_seq_max = BATCH
    params.n_threads = params.n_threads_batch = threads
    context = L.llama_init_from_model(model, params)
    memory = L.llama_get_memory(context)

    def read(texts, at):
        rows = [(id_, at + i, s, i + 1 == len(text))
                for s, text in enumerate(texts) for i, id_ in enumerate(text)]
        batch = L.llama_batch_init(len(rows), 0, 1)
        batch.n_tokens = len(rows)
        for i, (id_, position, sequence, last) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.logits[i] = id_, position, last
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
        assert L.llama_decode(context, batch) == 0
        L.llama_get_logits(context)
        L.llama_batch_free(batch)

    def write(texts, at):
        for i in range(WRITTEN):
            read([[(i * 104729 + s) % 30000] for s in range(texts)], at + i)

    read([ids(4)], 0)
    L.llama_memory_clear(memory, True)
    prefill = PROMPT / seconds(lambda: read([ids(PROMPT)], 0))
    decode = WRITTEN / seconds(lambda: write(1, PROMPT))
    L.llama_memory_clear(memory, True)
    first = seconds(lambda: read([ids(FIRST)], 0))
    L.llama_memory_clear(memory, True)
    read([ids(FIRST, s) for s in range(BATCH)], 0)
    batch = BATCH * WRITTEN / seconds(lambda: write(BATCH, FIRST))
    report(prefill, decode, batch, first)


def transformers(path, threads):
    quiet()
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(threads)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.bfloat16).eval()

    @torch.inference_mode()
    def read(texts, cache):
        out = model(torch.tensor(texts), past_key_values=cache, use_cache=True, logits_to_keep=1)
        return out.past_key_values

    def write(texts, cache):
        for i in range(WRITTEN):
            cache = read([[(i * 104729 + s) % 30000] for s in range(texts)], cache)

    read([ids(4)], None)
    begin = time.perf_counter()
    cache = read([ids(PROMPT)], None)
    prefill = PROMPT / (time.perf_counter() - begin)
    decode = WRITTEN / seconds(lambda: write(1, cache))
    first = seconds(lambda: read([ids(FIRST)], None))
    cache = read([ids(FIRST, s) for s in range(BATCH)], None)
    batch = BATCH * WRITTEN / seconds(lambda: write(BATCH, cache))
    report(prefill, decode, batch, first)


if sys.argv[1] == "info":
    import llama_cpp

    print("llama.cpp:", llama_cpp.llama_print_system_info().decode())
elif sys.argv[1] == "llama":
    llama(sys.argv[2], int(sys.argv[3]))
else:
    transformers(sys.argv[2], int(sys.argv[3]))
