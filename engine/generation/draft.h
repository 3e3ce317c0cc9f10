// SPDX-License-Identifier: Apache-2.0
// A small model that writes ahead of a large one: it has its own context, filters as the large
// one's sampler does, and draws from its own stream of numbers. Both speak one vocabulary.
#pragma once

#include "generation/language_model.h"
#include "generation/sampler.h"
#include "generation/speculative.h"

namespace moonlet {

class ModelDrafter final : public Drafter {
  public:
    // Proposes for `target`. Error: `draft` writes nothing (an encoder), or its ids do not mean
    // what those of `target` mean (names the first difference).
    ModelDrafter(LanguageModel& draft, const LanguageModel& target, const SamplerOptions& sampler,
                 uint64_t seed);

    // None where `ids` are longer than the draft model's context.
    std::vector<Proposal> propose(const std::vector<int>& ids, int count) override;

  private:
    at::Tensor read(const std::vector<int>& ids);
    Proposal next(const at::Tensor& row);

    BorrowedContext context_;
    const std::string name_;
    const int64_t room_, vocab_;  // the draft's positions, ids that both have
    SamplerOptions sampler_;
    Random random_;
    std::vector<int> read_;  // what the context holds
};

}  // namespace moonlet
