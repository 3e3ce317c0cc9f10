// SPDX-License-Identifier: Apache-2.0
// Many texts written at a time (continuous batching): one call of the network reads the newest
// token of every row, rows leave when they are done and waiting prompts take their place. Prompts
// are read block by block, one text after the other, before the rows go on; what they have in
// common is read once, and equal prompts are read once and forked. A prompt waits until the
// kv_budget has room for it and for all that it may write.
//
// A row draws from its own seed and its answer does not depend on its company: `invariant` reads
// every row in a call of its own, so that the answer is, bit for bit, what generate() gives for
// that prompt and seed; without it the same holds on the CPU for Llama's kin, whose kernels give a
// row the same numbers whatever stands beside it, elsewhere (gpt2, experts, GPUs) up to rounding.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "generation/generator.h"

namespace moonlet {

struct BatchOptions {
    GenerateOptions generate;     // its seed is that of the first prompt, the i-th after it has
                                  // seed + i
    std::vector<uint64_t> seeds;  // instead: one for each prompt; empty: by the rule
    int batch_size = 16;          // most rows at a time
    bool invariant = false;
};

// One result per prompt, in order. A prompt that fails (too long, NaN logits, no room in the
// budget) ends with finish_reason "error" and says why in `error`; the others go on. Ctrl-C gives
// what each has, those not begun empty, all marked "interrupt". `on_text` gets each piece with its
// prompt's index; returning false ends that row ("callback"). Tells of its progress. Error: as
// generate() where it concerns all prompts, batch_size below 1,
// another number of seeds than prompts.
std::vector<GenerationResult> generate_batch(
    LanguageModel& model, const std::vector<std::vector<int>>& prompts, const BatchOptions& options,
    const std::function<bool(size_t index, const std::string& piece)>& on_text = {});

}  // namespace moonlet
