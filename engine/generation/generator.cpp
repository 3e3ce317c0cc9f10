// SPDX-License-Identifier: Apache-2.0
#include "generation/generator.h"

#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/answer.h"
#include "generation/context.h"
#include "generation/draft.h"
#include "generation/ngram.h"
#include "generation/speculative.h"

namespace moonlet {

namespace {

std::unique_ptr<Drafter> make_drafter(const LanguageModel& model, const GenerateOptions& options,
                                      const SamplerOptions& sampler, uint64_t seed) {
    if (options.draft_ngram)
        return std::make_unique<NgramDrafter>(options.ngram_max, options.ngram_min);
    if (!options.draft_model) return nullptr;
    // A stream of its own: a draft's draws must not be those that judge it.
    return std::make_unique<ModelDrafter>(*options.draft_model, model, sampler,
                                          Random(seed).next());
}

}  // namespace

GenerationResult generate(LanguageModel& model, const std::vector<int>& prompt_ids,
                          const GenerateOptions& options,
                          const std::function<bool(const std::string& piece)>& on_text) {
    interrupt::check_entry();
    Answer answer(model, prompt_ids, options, on_text);
    const SamplerOptions& sampler = answer.sampler();
    const bool sampled = sampler.temperature > 0;
    BorrowedContext context(model);
    std::unique_ptr<Drafter> drafter = make_drafter(model, options, sampler, answer.result().seed);
    if (drafter && options.slide)
        throw Error("overflow = \"slide\" together with a draft", "one of them");
    const auto begin = Answer::Clock::now();
    size_t reused = 0;
    at::Tensor logits = context->read(answer.window(), &reused);
    answer.prompt_read(reused, Answer::seconds_since(begin));
    // The penalty may magnify what rounding does to a logit.
    const double doubt = std::max(options.repetition_penalty, 1 / options.repetition_penalty);
    std::optional<Speculation> ahead;
    if (drafter && logits.defined())
        ahead.emplace(*context, std::move(drafter), options.draft_tokens,
                      model.network->parameters().dtype(), !sampled);
    auto draw = [&](const at::Tensor& row) {
        const Proposal* proposal = ahead && sampled ? ahead->proposal() : nullptr;
        return proposal
                   ? draw_proposed(filtered_probabilities(row, sampler), *proposal, answer.random())
                   : sample(row, sampler, answer.random());
    };
    while (!answer.done()) {
        if (interrupt::requested() || !logits.defined()) {
            interrupt::deliver();
            answer.end("interrupt");
            break;
        }
        if (ahead && !sampled && !ahead->exact(answer.penalised(logits), doubt)) {
            logits = ahead->reread(answer.seen());
            if (!logits.defined()) continue;
        }
        const int id = answer.take(logits, draw);
        if (answer.done()) break;
        logits = answer.slid() ? context->read(answer.window())
                 : ahead       ? ahead->after(answer.seen(), answer.left())
                               : context->step(id);
    }
    GenerationResult result = answer.finish();
    if (ahead) {
        result.drafted_tokens = ahead->drafted();
        result.accepted_tokens = ahead->accepted();
    }
    result.speculated = options.draft_ngram || options.draft_model;
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
