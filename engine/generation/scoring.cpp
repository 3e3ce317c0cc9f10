// SPDX-License-Identifier: Apache-2.0
// What a model thinks of given text: logits, likelihoods, the next token's distribution.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/context.h"
#include "generation/language_model.h"
#include "generation/sampler.h"
#include "generation/scoring.h"

namespace moonlet {

namespace {

constexpr int64_t kRows =
    64;  // rows of logits held at a time: a large vocabulary is a megabyte each

// As lm-evaluation-harness: continuations carry the blank that parts them from the context.
void move_blanks(std::string& context, std::string& continuation) {
    size_t end = context.size();
    while (end > 0 && std::isspace(static_cast<unsigned char>(context[end - 1]))) --end;
    continuation = context.substr(end) + continuation;
    context.resize(end);
}

// For the places [first, last) of `ids` the log-probability of ids[i] after ids[0, i).
struct Scorer {
    const std::vector<int>& ids;
    size_t first;
    Likelihood result{0, true, 0, {}};

    // states [1, n, hidden] of the places from `begin` on; place i is told of by the state before
    // it.
    void add(Model& network, const at::Tensor& states, size_t begin) {
        int64_t from = std::max<int64_t>(0, int64_t(first) - 1 - int64_t(begin));
        int64_t to = std::min<int64_t>(states.size(1), int64_t(ids.size()) - 1 - int64_t(begin));
        for (int64_t row = from; row < to; row += kRows) {
            int64_t rows = std::min(kRows, to - row);
            at::Tensor logits = network.logits(states.narrow(1, row, rows)).to(at::kFloat)[0];
            at::Tensor next = at::empty({rows, 1}, at::kLong);
            for (int64_t i = 0; i < rows; ++i)
                next.data_ptr<int64_t>()[i] = ids[begin + row + i + 1];
            next = next.to(logits.device());
            at::Tensor picked = logits.log_softmax(-1).gather(-1, next).to(at::kCPU, at::kDouble);
            at::Tensor best = (logits.argmax(-1, true) == next).all().cpu();
            result.greedy = result.greedy && best.item<bool>();
            for (int64_t i = 0; i < rows; ++i) {
                result.logprobs.push_back(picked.const_data_ptr<double>()[i]);
                result.logprob += result.logprobs.back();
            }
        }
    }
};

}  // namespace

at::Tensor logits_of(LanguageModel& model, const std::vector<int>& ids) {
    interrupt::check_entry();
    Context context(model.network);
    at::Tensor result = at::empty({int64_t(ids.size()), model.network->vocab_size()}, at::kFloat);
    context.scan(ids, [&](const at::Tensor& states, size_t first) {
        result.narrow(0, int64_t(first), states.size(1)).copy_(model.network->logits(states)[0]);
    });
    return result;
}

Likelihood loglikelihood(LanguageModel& model, const std::string& given,
                         const std::string& wanted) {
    interrupt::check_entry();
    const Tokenizer& tokenizer = model.need_tokenizer();
    std::string context = given, continuation = wanted;
    move_blanks(context, continuation);
    std::vector<int> whole = tokenizer.encode(context + continuation);
    size_t first = tokenizer.encode(context).size();
    if (first == 0) {
        whole.insert(whole.begin(), beginning_id(model));
        first = 1;
    }
    return score_ids(model, whole, first);
}

int beginning_id(const LanguageModel& model) {
    auto& config = model.generation_config;
    if (config.bos_token_id >= 0) return config.bos_token_id;
    if (!config.eos_token_ids.empty()) return config.eos_token_ids[0];
    throw Error("an empty context", "some text, since this model has no bos or eos token");
}

Likelihood score_ids(LanguageModel& model, const std::vector<int>& ids, size_t first) {
    Scorer scorer{ids, first};
    if (first < ids.size()) {
        // The last token is told of, but nothing is asked behind it.
        std::vector<int> read(ids.begin(), ids.end() - 1);
        auto add = [&](const at::Tensor& states, size_t begin) {
            scorer.add(*model.network, states, begin);
        };
        // The state before `first` is the first one asked.
        Context(model).scan(read, add, first > 0 ? first - 1 : 0);
    }
    scorer.result.tokens = static_cast<int>(scorer.result.logprobs.size());
    return scorer.result;
}

const OptionTable& next_token_rows() {
    static const OptionTable table = {
        {"top", "integer", "10", "how many of the most likely tokens to give"},
        {"temperature", "number", "1", "flattens (> 1) or sharpens (< 1) the distribution"},
        {"top_k", "integer", "0", "only the k most likely, 0 = all"},
        {"top_p", "number", "1", "only the smallest set with this much probability"},
        {"min_p", "number", "0", "only those at least this times as likely as the most likely"},
        {"repetition_penalty", "number", "1", "above 1: tokens of the text become less likely"},
    };
    return table;
}

std::vector<NextToken> next_tokens(LanguageModel& model, const std::vector<int>& ids, int top,
                                   const Json& options) {
    interrupt::check_entry();
    if (top < 1) throw Error("top " + std::to_string(top), "at least 1");
    SamplerOptions sampler;
    sampler.temperature = 1;
    read_option(options, "temperature", sampler.temperature);
    read_option(options, "top_k", sampler.top_k);
    read_option(options, "top_p", sampler.top_p);
    read_option(options, "min_p", sampler.min_p);
    read_option(options, "repetition_penalty", sampler.repetition_penalty);
    check_sampler(sampler);

    BorrowedContext context(model);
    at::Tensor logits = context->read(ids);
    if (!logits.defined()) throw Interrupted{};
    c10::InferenceMode guard;
    logits = logits.cpu();
    apply_repetition_penalty(logits, ids, sampler.repetition_penalty);
    at::Tensor probabilities = filtered_probabilities(logits, sampler);
    const float* p = probabilities.const_data_ptr<float>();
    std::vector<int> order(probabilities.numel());
    std::iota(order.begin(), order.end(), 0);
    size_t count = std::min<size_t>(top, order.size());
    std::partial_sort(order.begin(), order.begin() + count, order.end(),
                      [&](int a, int b) { return p[a] > p[b] || (p[a] == p[b] && a < b); });
    std::vector<NextToken> result;
    for (size_t i = 0; i < count && p[order[i]] > 0; ++i) {
        int id = order[i];
        std::string text = model.tokenizer ? model.tokenizer->decode({id}) : "";
        result.push_back({id, text, p[id], std::log(double(p[id]))});
    }
    return result;
}

}  // namespace moonlet
