// SPDX-License-Identifier: Apache-2.0
// The likelihood of ids that are given: what loglikelihood() of texts and rolling windows share.
#pragma once

#include <cstddef>
#include <vector>

#include "generation/language_model.h"

namespace moonlet {

// The log-probability of each of ids[first, size) after all ids before it; 1 <= first. Read in one
// go: at most the network's context. Interruptible (throws Interrupted). Error: as Context::scan.
Likelihood score_ids(LanguageModel& model, const std::vector<int>& ids, size_t first);

// The id that stands before a text that has nothing before it: the model's bos, else its eos.
// Error: it has neither.
int beginning_id(const LanguageModel& model);

}  // namespace moonlet
