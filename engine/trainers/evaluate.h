// SPDX-License-Identifier: Apache-2.0
// A model on rows that it does not train on: the objective's own loss and hits, summed.
#pragma once

#include <vector>

#include "trainers/batches.h"
#include "trainers/trainer.h"

namespace moonlet {

struct HeldOut {
    std::vector<Sequence> sequences;
    std::vector<Row> rows;
};

// Rows as the objective reads them, cut and packed as the options say. Error: as for training.
HeldOut hold_out(Objective& objective, const LanguageModel& model, const Rows& rows,
                 const TrainerOptions& options);

// In micro-batches of options.batch_size, in order. Interruptible between them.
Score evaluate_rows(Objective& objective, LanguageModel& model, const HeldOut& data,
                    const TrainerOptions& options);

}  // namespace moonlet
