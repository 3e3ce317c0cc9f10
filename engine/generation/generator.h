// SPDX-License-Identifier: Apache-2.0
// Writes text: prefill, then token by token through the cache, the sampler and the decode stream,
// until max_tokens, an end token, a stop string, the context's end or Ctrl-C. The caller gets every
// piece of text as it becomes certain. Batch of one here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/options.h"
#include "generation/language_model.h"

namespace moonlet {

struct GenerateOptions {
    int max_tokens = 256;
    double temperature = 0;  // 0 = greedy. Default: generation_config's when it says do_sample
    int top_k = 0;           // 0 = off
    double top_p = 1.0, min_p = 0.0, repetition_penalty = 1.0;
    std::vector<std::string> stop;
    std::optional<uint64_t> seed;  // without one it is drawn and reported
    bool logprobs = false;
    bool special = true;           // add special tokens when encoding the prompt
    bool skip_special = true;      // leave special tokens out of the text
    bool ignore_eos = false;

    // The rows of m:generate's options, and the struct from checked Json over the model's own
    // generation_config: a temperature above 0 samples, do_sample=false or temperature 0 is greedy.
    static const OptionTable& rows();
    static GenerateOptions from_json(const Json& options, const GenerationConfig& defaults);
};

struct TokenLogprob {
    int id;
    double logprob;  // under the model's unmodified distribution
};

struct GenerationResult {
    std::string prompt_text;
    std::vector<int> prompt_ids;
    std::string text;
    std::vector<int> tokens;            // generated ids, the end token included when there was one
    std::vector<TokenLogprob> logprobs; // when asked
    std::string finish_reason;          // "stop", "length", "interrupt", "callback"
    uint64_t seed = 0;
    bool sampled = false;
    double prompt_seconds = 0, first_token_seconds = 0, completion_seconds = 0;
};

// `on_text` gets each certain piece; returning false ends the generation ("callback").
GenerationResult generate(LanguageModel& model, const std::vector<int>& prompt_ids,
                          const GenerateOptions& options,
                          const std::function<bool(const std::string& piece)>& on_text = {});

}  // namespace moonlet
