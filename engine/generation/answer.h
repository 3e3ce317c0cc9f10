// SPDX-License-Identifier: Apache-2.0
// One answer while it is written: from logits to an id, from ids to the text given out, and when it
// ends. It reads nothing itself: who holds the context hands in the logits and is told what to read
// next, for one text (generator.cpp) or for many at a time (batch.cpp).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "generation/generator.h"
#include "generation/sampler.h"
#include "generation/stop.h"

namespace moonlet {

class Answer {
  public:
    using Clock = std::chrono::steady_clock;
    static double seconds_since(Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }
    using OnText = std::function<bool(const std::string& piece)>;

    // `on_text` must outlive it, or be empty. Error: options out of range, a prompt that leaves no
    // room in the context (unless it may slide), stop strings without a tokenizer.
    Answer(const LanguageModel& model, std::vector<int> prompt_ids, const GenerateOptions& options,
           OnText on_text);

    // The ids that the network has read when it gives the next logits: prompt and output, or what
    // the context kept of them.
    const std::vector<int>& window() const { return window_; }
    void prompt_read(size_t reused, double seconds);

    // Draws the next id from the logits behind what was read, f32 [vocab], and says so. The second
    // one lets another choose from the penalised logits. Error: NaN.
    int take(const at::Tensor& logits);
    int take(const at::Tensor& logits, const std::function<int(const at::Tensor& row)>& draw);
    // On the CPU, with the penalty for what is there already.
    at::Tensor penalised(const at::Tensor& logits) const;

    bool done() const { return !result_.finish_reason.empty(); }
    // Whether the context was full and dropped something: window() is to be read anew.
    bool slid() const { return slid_; }
    void end(const std::string& reason);  // "interrupt", "error": nothing more is given out
    GenerationResult finish();            // once

    const std::vector<int>& seen() const { return seen_; }  // prompt and output
    int left() const { return options_.max_tokens - int(result_.tokens.size()); }
    const SamplerOptions& sampler() const { return sampler_; }
    Random& random() { return random_; }
    GenerationResult& result() { return result_; }

  private:
    void push(int id);
    void give(const std::string& piece);
    void slide(int64_t keep);

    const GenerateOptions options_;
    SamplerOptions sampler_;
    GenerationResult result_;
    Random random_;
    std::vector<int> ends_, seen_, window_;
    std::optional<DecodeStream> decode_;
    StopMatcher stop_;
    OnText on_text_;
    int64_t room_;
    bool refused_ = false, quiet_ = false, slid_ = false;
    Clock::time_point begin_ = Clock::now(), written_from_ = begin_;
};

}  // namespace moonlet
