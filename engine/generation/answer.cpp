// SPDX-License-Identifier: Apache-2.0
#include "generation/answer.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

namespace {

double logprob_of(const at::Tensor& logits, int id) {
    return (logits[id] - logits.logsumexp(0)).item<double>();
}

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

}  // namespace

Answer::Answer(const LanguageModel& model, std::vector<int> prompt_ids,
               const GenerateOptions& options, OnText on_text)
    : options_(options),
      sampler_{options.temperature, options.top_k, options.top_p, options.min_p,
               options.repetition_penalty},
      random_(0),
      ends_(end_ids(model, options)),
      seen_(prompt_ids),
      window_(prompt_ids),
      stop_(options.stop),
      on_text_(std::move(on_text)),
      room_(model.network->max_positions()) {
    check_sampler(sampler_);
    if (model.tokenizer) decode_.emplace(model.tokenizer, options.skip_special);
    else if (!options.stop.empty()) model.need_tokenizer();
    result_.prompt_ids = std::move(prompt_ids);
    if (room_ > 0 && options.slide && options.sinks >= room_ / 2)
        throw Error("sinks " + std::to_string(options.sinks),
                    "fewer than " + std::to_string(room_ / 2) + ", half of the model's context");
    const auto length = static_cast<int64_t>(window_.size());
    if (room_ > 0 && length >= room_) {
        if (!options.slide)
            throw Error("a prompt of " + std::to_string(length) + " tokens",
                        "fewer than " + std::to_string(room_) + ", the model's context",
                        "shorten it or leave out its beginning, or say overflow = \"slide\"");
        slide(std::clamp(room_ - options.max_tokens, room_ / 2, room_ - 1));
    }
    result_.sampled = options.temperature > 0;
    result_.seed = options.seed ? *options.seed : result_.sampled ? draw_seed() : 0;
    random_ = Random(result_.seed);
}

void Answer::slide(int64_t keep) {
    const auto sinks = std::min<int64_t>(options_.sinks, keep - 1);
    const int64_t dropped = int64_t(window_.size()) - keep;
    window_.erase(window_.begin() + sinks, window_.begin() + sinks + dropped);
    ++result_.slid;
    result_.dropped_tokens += size_t(dropped);
    slid_ = true;
}

void Answer::prompt_read(size_t reused, double seconds) {
    result_.cached_tokens = reused;
    result_.prompt_seconds = seconds;
    written_from_ = Clock::now();
}

at::Tensor Answer::penalised(const at::Tensor& given) const {
    c10::InferenceMode guard;
    const at::Tensor logits = given.cpu();
    if (options_.repetition_penalty == 1.0) return logits;
    at::Tensor row = logits.clone();
    apply_repetition_penalty(row, seen_, options_.repetition_penalty);
    return row;
}

int Answer::take(const at::Tensor& logits) {
    return take(logits, [&](const at::Tensor& row) { return sample(row, sampler_, random_); });
}

int Answer::take(const at::Tensor& given, const std::function<int(const at::Tensor&)>& draw) {
    int id;
    {
        c10::InferenceMode guard;
        const at::Tensor logits = given.cpu();
        id = draw(penalised(logits));
        if (options_.logprobs) result_.logprobs.push_back({id, logprob_of(logits, id)});
    }
    push(id);
    return id;
}

void Answer::push(int id) {
    slid_ = false;
    seen_.push_back(id);
    window_.push_back(id);
    result_.tokens.push_back(id);
    if (result_.tokens.size() == 1) result_.first_token_seconds = seconds_since(begin_);
    const bool end = std::find(ends_.begin(), ends_.end(), id) != ends_.end();
    if ((!end || !options_.skip_special) && decode_) give(stop_.push(decode_->push(id)));
    const bool full = static_cast<int64_t>(window_.size()) == room_;
    if (end || stop_.stopped()) result_.finish_reason = "stop";
    else if (refused_) result_.finish_reason = "callback";
    else if (left() <= 0 || (full && !options_.slide)) result_.finish_reason = "length";
    else if (full) slide(room_ / 2);
}

void Answer::give(const std::string& piece) {
    if (piece.empty()) return;
    result_.text += piece;
    if (on_text_ && !quiet_ && !refused_ && !on_text_(piece)) refused_ = true;
}

void Answer::end(const std::string& reason) {
    quiet_ = true;
    result_.finish_reason = reason;
}

GenerationResult Answer::finish() {
    // What was held back; nothing once a stop string was found or the caller had enough.
    if (decode_ && !refused_) {
        give(stop_.push(decode_->finish()));
        if (!stop_.stopped()) give(stop_.finish());
    }
    // It may have completed a stop string.
    if (stop_.stopped() && result_.finish_reason == "length") result_.finish_reason = "stop";
    result_.completion_seconds = seconds_since(written_from_);
    return std::move(result_);
}

}  // namespace moonlet
