// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "evaluation/evaluation.h"
#include "generation/scoring.h"

namespace moonlet {

namespace {
constexpr int kUnlimited = 1024;  // the window of a model that names no limit
}

RollingLikelihood rolling_loglikelihood(LanguageModel& model, const std::string& text,
                                        const RollingOptions& options) {
    interrupt::check_entry();
    const int64_t context = model.network->max_positions();
    const int64_t length = options.max_length > 0 ? options.max_length
                           : context > 0          ? context
                                                  : kUnlimited;
    const int64_t stride = options.stride > 0 ? options.stride : std::max<int64_t>(1, length / 2);
    if (length < 2 || (context > 0 && length > context))
        throw Error("max_length " + std::to_string(length),
                    "2 to " + std::to_string(context) + ", the model's context");
    if (options.stride < 0 || stride > length - 1)
        throw Error("stride " + std::to_string(options.stride ? options.stride : stride),
                    "1 to max_length - 1, so that every token has one before it");
    std::vector<int> ids = model.need_tokenizer().encode(text, false);
    ids.insert(ids.begin(), beginning_id(model));
    RollingLikelihood result;
    result.bytes = text.size();
    const int64_t size = int64_t(ids.size());
    int64_t told = 1;  // ids before this place have been told of; the beginning token never is
    for (int64_t begin = 0; told < size; begin += stride) {
        interrupt::check();
        const int64_t end = std::min(begin + length, size);
        std::vector<int> window(ids.begin() + begin, ids.begin() + end);
        Likelihood part = score_ids(model, window, size_t(told - begin));
        result.logprob += part.logprob;
        result.tokens += part.tokens;
        ++result.windows;
        told = end;
        report_progress({"perplexity", double(told), double(size), "tokens", {}});
    }
    return result;
}

}  // namespace moonlet
