// SPDX-License-Identifier: Apache-2.0
#include "generation/generator.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/context.h"
#include "generation/draft.h"
#include "generation/ngram.h"
#include "generation/sampler.h"
#include "generation/speculative.h"
#include "generation/stop.h"

namespace moonlet {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double logprob_of(const at::Tensor& logits, int id) {
    return (logits[id] - logits.logsumexp(0)).item<double>();
}

// From ids to the text given out: tokens to whole characters, characters past the stop strings.
class Writer {
  public:
    Writer(const LanguageModel& model, const GenerateOptions& options,
           const std::function<bool(const std::string&)>& on_text, std::string& text)
        : stop_(options.stop), on_text_(on_text), text_(text) {
        if (model.tokenizer) decode_.emplace(model.tokenizer, options.skip_special);
        else if (!options.stop.empty()) model.need_tokenizer();
    }

    void push(int id) {
        if (decode_) give(stop_.push(decode_->push(id)));
    }
    // What was held back; nothing once a stop string was found or the caller had enough.
    void finish() {
        if (!decode_ || refused_) return;
        give(stop_.push(decode_->finish()));
        if (!stop_.stopped()) give(stop_.finish());
    }
    void stop_calling() { quiet_ = true; }
    bool stopped() const { return stop_.stopped(); }
    bool refused() const { return refused_; }

  private:
    void give(const std::string& piece) {
        if (piece.empty()) return;
        text_ += piece;
        if (on_text_ && !quiet_ && !refused_ && !on_text_(piece)) refused_ = true;
    }

    std::optional<DecodeStream> decode_;
    StopMatcher stop_;
    const std::function<bool(const std::string&)>& on_text_;
    std::string& text_;
    bool refused_ = false, quiet_ = false;
};

// The ids that end a text: the model's, and stop strings that are one special token, since those
// never show in the text.
std::vector<int> end_ids(const LanguageModel& model, const GenerateOptions& options) {
    std::vector<int> ids;
    if (!options.ignore_eos) ids = model.generation_config.eos_token_ids;
    for (auto& stop : options.stop)
        if (model.tokenizer)
            if (auto id = model.tokenizer->token_to_id(stop);
                id && model.tokenizer->is_special(*id))
                ids.push_back(*id);
    return ids;
}

std::unique_ptr<Drafter> make_drafter(const LanguageModel& model, const GenerateOptions& options,
                                      const SamplerOptions& sampler, uint64_t seed) {
    if (options.draft_ngram)
        return std::make_unique<NgramDrafter>(options.ngram_max, options.ngram_min);
    if (!options.draft_model) return nullptr;
    // A stream of its own: a draft's draws must not be those that judge it.
    return std::make_unique<ModelDrafter>(*options.draft_model, model, sampler,
                                          Random(seed).next());
}

// Logits with the penalty for what was there, in a copy.
at::Tensor penalised(const at::Tensor& logits, const std::vector<int>& seen, double penalty) {
    if (penalty == 1.0) return logits;
    at::Tensor row = logits.clone();
    apply_repetition_penalty(row, seen, penalty);
    return row;
}

}  // namespace

GenerationResult generate(LanguageModel& model, const std::vector<int>& prompt_ids,
                          const GenerateOptions& options,
                          const std::function<bool(const std::string& piece)>& on_text) {
    interrupt::check_entry();
    SamplerOptions sampler{options.temperature, options.top_k, options.top_p, options.min_p,
                           options.repetition_penalty};
    check_sampler(sampler);
    GenerationResult result;
    result.prompt_ids = prompt_ids;
    result.sampled = options.temperature > 0;
    result.seed = options.seed ? *options.seed : result.sampled ? draw_seed() : 0;
    Random random(result.seed);
    Writer writer(model, options, on_text, result.text);
    const std::vector<int> ends = end_ids(model, options);
    const int64_t room = model.network->max_positions();
    if (room > 0 && static_cast<int64_t>(prompt_ids.size()) >= room)
        throw Error("a prompt of " + std::to_string(prompt_ids.size()) + " tokens",
                    "fewer than " + std::to_string(room) + ", the model's context",
                    "shorten it or leave out its beginning");

    const auto begin = Clock::now();
    BorrowedContext context(model);
    std::unique_ptr<Drafter> drafter = make_drafter(model, options, sampler, result.seed);
    at::Tensor logits = context->read(prompt_ids, &result.cached_tokens);
    result.prompt_seconds = seconds_since(begin);
    const auto written_from = Clock::now();
    std::vector<int> seen = prompt_ids;  // for the repetition penalty
    // The penalty may magnify what rounding does to a logit.
    const double doubt = std::max(options.repetition_penalty, 1 / options.repetition_penalty);
    std::optional<Speculation> ahead;
    if (drafter && logits.defined())
        ahead.emplace(*context, std::move(drafter), options.draft_tokens,
                      model.network->parameters().dtype(), !result.sampled);
    while (result.finish_reason.empty()) {
        if (interrupt::requested() || !logits.defined()) {
            interrupt::deliver();
            writer.stop_calling();
            result.finish_reason = "interrupt";
            break;
        }
        int id;
        {
            c10::InferenceMode guard;
            logits = logits.cpu();
            at::Tensor row = penalised(logits, seen, options.repetition_penalty);
            if (ahead && !result.sampled && !ahead->exact(row, doubt)) {
                logits = ahead->reread(seen);
                if (!logits.defined()) continue;
                logits = logits.cpu();
                row = penalised(logits, seen, options.repetition_penalty);
            }
            const Proposal* proposal = ahead && result.sampled ? ahead->proposal() : nullptr;
            id = proposal ? draw_proposed(filtered_probabilities(row, sampler), *proposal, random)
                          : sample(row, sampler, random);
            if (options.logprobs) result.logprobs.push_back({id, logprob_of(logits, id)});
        }
        seen.push_back(id);
        result.tokens.push_back(id);
        if (result.tokens.size() == 1) result.first_token_seconds = seconds_since(begin);
        const int64_t left = options.max_tokens - static_cast<int64_t>(result.tokens.size());
        bool end = std::find(ends.begin(), ends.end(), id) != ends.end();
        if (!end || !options.skip_special) writer.push(id);
        if (end || writer.stopped()) result.finish_reason = "stop";
        else if (writer.refused()) result.finish_reason = "callback";
        else if (left <= 0 || static_cast<int64_t>(seen.size()) == room)
            result.finish_reason = "length";
        else logits = ahead ? ahead->after(seen, left) : context->step(id);
    }
    if (ahead) {
        result.drafted_tokens = ahead->drafted();
        result.accepted_tokens = ahead->accepted();
    }
    result.speculated = options.draft_ngram || options.draft_model;
    writer.finish();
    // What was held back until now may have completed a stop string.
    if (writer.stopped() && result.finish_reason == "length") result.finish_reason = "stop";
    result.completion_seconds = seconds_since(written_from);
    return result;
}

GenerationResult generate_text(LanguageModel& model, const std::string& prompt,
                               const GenerateOptions& options,
                               const std::function<bool(const std::string& piece)>& on_text) {
    std::vector<int> ids = model.need_tokenizer().encode(prompt, options.special);
    if (ids.empty() && model.generation_config.bos_token_id >= 0)
        ids = {model.generation_config.bos_token_id};
    GenerationResult result = generate(model, ids, options, on_text);
    result.prompt_text = prompt;
    return result;
}

}  // namespace moonlet
