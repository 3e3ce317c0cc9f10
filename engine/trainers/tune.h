// SPDX-License-Identifier: Apache-2.0
// Which tensors a kind of tuning trains. The only place that tells "full" from adapters: the loop,
// the optimizer and the checkpoints see a list of named tensors.
#pragma once

#include <vector>

#include "trainers/optimizer.h"
#include "trainers/trainer.h"

namespace moonlet {

// The tensors that options.tune trains, in a fixed order, by the names they are saved under; what
// they need (an adapter) is made here. Their memory is the loop's to replace (set_data).
std::vector<NamedTensor> tuned_parameters(LanguageModel& model, const TrainerOptions& options);

}  // namespace moonlet
