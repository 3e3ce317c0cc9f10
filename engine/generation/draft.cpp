// SPDX-License-Identifier: Apache-2.0
#include "generation/draft.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/json.h"

namespace moonlet {

namespace {

std::string token_of(const Tokenizer& tokenizer, int id) {
    return id < int(tokenizer.vocab_size()) ? Json(tokenizer.id_to_token(id)).dump() : "nothing";
}

// Heads may have more rows than there are tokens (padding), and differently many.
void check_vocabularies(const LanguageModel& draft, const LanguageModel& target) {
    if (!draft.network->causal())
        throw Error("draft model " + draft.name + ", an encoder", "a causal model",
                    "it has no next token to propose");
    const std::string todo = "draft with a model of the same family, or draft = \"ngram\"";
    const int64_t ours = draft.network->vocab_size(), theirs = target.network->vocab_size();
    if (!draft.tokenizer || !target.tokenizer) {
        if (ours == theirs) return;
        throw Error("draft model " + draft.name + " with " + std::to_string(ours) + " token ids",
                    std::to_string(theirs) + ", as " + target.name + " has", todo);
    }
    if (draft.tokenizer == target.tokenizer) return;
    const int last = int(std::max(draft.tokenizer->vocab_size(), target.tokenizer->vocab_size()));
    for (int id = 0; id < last; ++id) {
        const std::string one = token_of(*draft.tokenizer, id),
                          other = token_of(*target.tokenizer, id);
        if (one != other)
            throw Error(
                "draft model " + draft.name + ", whose token " + std::to_string(id) + " is " + one,
                "the vocabulary of " + target.name + ", where it is " + other, todo);
    }
}

// Checked before the context is taken.
LanguageModel& checked(LanguageModel& draft, const LanguageModel& target) {
    check_vocabularies(draft, target);
    return draft;
}

}  // namespace

ModelDrafter::ModelDrafter(LanguageModel& draft, const LanguageModel& target,
                           const SamplerOptions& sampler, uint64_t seed)
    : context_(checked(draft, target)),
      name_(draft.name),
      room_(draft.network->max_positions()),
      vocab_(std::min(draft.network->vocab_size(), target.network->vocab_size())),
      sampler_(sampler),
      random_(seed) {}

// The logits after the last of `ids`, whose beginning mostly has been read.
at::Tensor ModelDrafter::read(const std::vector<int>& ids) {
    const size_t most = std::min(read_.size(), ids.size() - 1);
    size_t same = 0;
    while (same < most && ids[same] == read_[same]) ++same;
    if (same == 0) {
        read_ = ids;
        return context_->read(ids);
    }
    context_->crop(same);
    read_.resize(same);
    if (!context_->extends(ids.size() - same)) {
        read_ = ids;
        return context_->read(ids);
    }
    read_ = ids;
    return context_->extend(ids.data() + same, ids.size() - same)[-1];
}

Proposal ModelDrafter::next(const at::Tensor& row) {
    try {
        if (sampler_.temperature <= 0) return {sample(row, sampler_, random_), {}};
        at::Tensor probabilities = filtered_probabilities(row, sampler_);
        return {draw(probabilities, random_), probabilities};
    } catch (const Error& e) {  // logits that are no numbers: whose?
        throw Error("draft model " + name_ + ": " + e.what());
    }
}

std::vector<Proposal> ModelDrafter::propose(const std::vector<int>& ids, int count) {
    std::vector<Proposal> draft;
    c10::InferenceMode guard;
    if (room_ > 0) count = int(std::min<int64_t>(count, room_ - int64_t(ids.size())));
    if (count <= 0) return draft;
    std::vector<int> seen = ids;
    at::Tensor logits = read(ids);
    while (logits.defined()) {
        // The head's first rows are the ids that both know.
        at::Tensor row = logits.cpu().narrow(0, 0, vocab_);
        if (sampler_.repetition_penalty != 1.0) {
            row = row.clone();
            apply_repetition_penalty(row, seen, sampler_.repetition_penalty);
        }
        draft.push_back(next(row));
        if (int(draft.size()) == count || interrupt::requested()) break;
        seen.push_back(draft.back().id);
        read_.push_back(seen.back());
        logits = context_->step(seen.back());
    }
    return draft;
}

}  // namespace moonlet
