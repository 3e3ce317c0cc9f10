// SPDX-License-Identifier: Apache-2.0
// What evaluating a language model needs of the engine beyond single answers: the likelihood of
// texts longer than its context. Statistics over such numbers are the stdlib's.
#pragma once

#include <cstddef>
#include <string>

#include "generation/language_model.h"

namespace moonlet {

struct RollingOptions {
    int max_length = 0;  // tokens of a window, 0 = the model's context, 1024 where it has no limit
    int stride = 0;      // tokens a window is moved on, 0 = half of max_length
};

struct RollingLikelihood {
    double logprob = 0;  // natural log of p(text), all of its tokens after the beginning token
    int tokens = 0;
    size_t bytes = 0;
    int windows = 0;
};

// Every token of the text is told of once, as of its own text: a window of max_length tokens is
// moved on by stride, and only the tokens that no window before it told of count, so that (but for
// the first window) each has at least max_length - stride tokens before it (transformers'
// "perplexity of fixed-length models"). The text's first token follows the model's bos (else eos)
// token, as lm-evaluation-harness does it, so that bytes and tokens are all accounted for. No
// special tokens are added besides. Interruptible; reports progress. Error: no tokenizer, no bos or
// eos, a stride above max_length - 1 or below 1, a max_length below 2 or above the context.
RollingLikelihood rolling_loglikelihood(LanguageModel& model, const std::string& text,
                                        const RollingOptions& options = {});

}  // namespace moonlet
