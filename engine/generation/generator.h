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
    bool special = true;       // add special tokens when encoding the prompt
    bool skip_special = true;  // leave special tokens out of the text
    bool ignore_eos = false;   // write on past end tokens
    // Speculative decoding (speculative.h): a model that drafts, or n-grams; neither: none.
    std::shared_ptr<LanguageModel> draft_model;
    bool draft_ngram = false;
    int draft_tokens = 8;  // most ids drafted for one call
    int ngram_max = 4, ngram_min = 2;
    // Where the context is full: end ("length"), or drop what lies between the first `sinks` ids
    // and the most recent half of the context, read what is left as a prompt, and go on; a prompt
    // that is too long loses its middle likewise. Attention leans on the first positions
    // (StreamingLLM, Xiao et al. 2023).
    bool slide = false;
    int sinks = 4;

    // The rows of m:generate's options, and the struct from checked Json over the model's own
    // generation_config: a temperature above 0 samples, do_sample=false or temperature 0 is greedy,
    // do_sample=true samples at the config's temperature. Error: a value out of its range.
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
    std::vector<int> tokens;             // generated ids, the end token included when there was one
    std::vector<TokenLogprob> logprobs;  // when asked
    std::string finish_reason;  // "stop", "length" (max_tokens or context), "interrupt", "callback"
    uint64_t seed = 0;
    bool sampled = false;
    bool speculated = false;    // something drafted
    size_t drafted_tokens = 0;  // ids proposed, and those of them that were right
    size_t accepted_tokens = 0;
    std::string error;               // of a prompt of a batch, finish_reason "error"
    size_t slid = 0;                 // how often the context was full and dropped something,
    size_t dropped_tokens = 0;       // and how much in all
    size_t cached_tokens = 0;        // of the prompt, read by an earlier call and used again
    double prompt_seconds = 0;       // reading the prompt
    double first_token_seconds = 0;  // from the call to the first token
    double completion_seconds = 0;   // from the prompt's end to the last token
};

// `on_text` gets each certain piece; returning false ends the generation ("callback"). The pieces
// put together are result.text, except that nothing is called any more once interrupted. A stop
// string and end tokens are not part of the text (end tokens are with skip_special = false). Ctrl-C
// gives what there is, finish_reason "interrupt", also while the prompt is read. The seed is
// reported when one was given or drawn. Error: an encoder, no ids, a prompt that leaves no room in
// the context, ids out of range, stop strings without a tokenizer.
GenerationResult generate(LanguageModel& model, const std::vector<int>& prompt_ids,
                          const GenerateOptions& options,
                          const std::function<bool(const std::string& piece)>& on_text = {});
// The same from text: encoded with options.special; an empty prompt is the bos token, if there is
// one.
GenerationResult generate_text(LanguageModel& model, const std::string& prompt,
                               const GenerateOptions& options,
                               const std::function<bool(const std::string& piece)>& on_text = {});

}  // namespace moonlet
