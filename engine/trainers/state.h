// SPDX-License-Identifier: Apache-2.0
// trainer.json of a checkpoint: what the training was, so that a resume can tell whether it goes on
// with the same one, and how far it came. Numbers are written so that they read back as the same
// bits.
#pragma once

#include <string>
#include <vector>

#include "trainers/trainer.h"

namespace moonlet {

struct TrainerState {
    std::string objective;
    TrainerOptions options;
    uint64_t data = 0;  // fingerprint
    size_t sequences = 0;
    int steps_total = 0;
    int threads = 1;
    std::vector<StepRecord> history;  // one for each finished step
};

Json to_json(const TrainerState& state);
// Error: not a trainer.json of this format.
TrainerState trainer_state(const Json& json, const std::string& path);

// Error naming the first difference that would change the numbers. Folders, how often to save and
// which checkpoints to keep may differ.
void check_same_training(const TrainerState& saved, const TrainerState& now,
                         const std::string& folder);

}  // namespace moonlet
