// SPDX-License-Identifier: Apache-2.0
// The learning rate of each step: linear warm-up from 0, then a decay. The formulas are those of
// transformers.optimization (get_cosine_schedule_with_warmup,
// get_cosine_with_min_lr_schedule_with_warmup, get_linear_schedule_with_warmup,
// get_constant_schedule_with_warmup); "linear" takes a floor as cosine does.
#pragma once

#include <string>

namespace moonlet {

struct Schedule {
    std::string kind = "cosine";  // "cosine", "linear", "constant"
    double lr = 0;                // the peak
    double min_lr_ratio = 0;      // floor, as a part of lr; "constant" has none
    int warmup_steps = 0;
    int total_steps = 0;

    // Of the step after `done` finished ones. With a warm-up the first step's rate is 0, as there.
    double at(int done) const;
};

// ceil(total_steps * ratio), as transformers counts.
int warmup_steps(int total_steps, double ratio);

}  // namespace moonlet
