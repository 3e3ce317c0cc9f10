// SPDX-License-Identifier: Apache-2.0
// Prompt lookup (Saxena 2023; "ngram" in vLLM): what followed the last ids when they stood together
// before, in the prompt or in what was written, is proposed to follow again. It knows no model.
#pragma once

#include "generation/speculative.h"

namespace moonlet {

class NgramDrafter final : public Drafter {
  public:
    // The last `most` ids are looked for first, then fewer, down to `least`. Error: not 1 <= least
    // <= most.
    NgramDrafter(int most, int least);

    // The continuation of the longest match, of several the most recent one; where it reaches the
    // end of `ids` it goes on with what it proposed itself.
    std::vector<Proposal> propose(const std::vector<int>& ids, int count) override;

  private:
    const size_t most_, least_;
};

}  // namespace moonlet
