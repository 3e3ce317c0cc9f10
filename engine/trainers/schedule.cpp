// SPDX-License-Identifier: Apache-2.0
#include "trainers/schedule.h"

#include <algorithm>
#include <cmath>

namespace moonlet {

double Schedule::at(int done) const {
    if (done < warmup_steps) return lr * (double(done) / std::max(1, warmup_steps));
    if (kind == "constant") return lr;
    double steps = std::max(1, total_steps - warmup_steps);
    double factor;
    if (kind == "linear") {
        factor = double(total_steps - done) / steps;
    } else {
        double progress = double(done - warmup_steps) / steps;
        factor = 0.5 * (1.0 + std::cos(M_PI * 0.5 * 2.0 * progress));
    }
    return lr * std::max(0.0, std::max(0.0, factor) * (1 - min_lr_ratio) + min_lr_ratio);
}

int warmup_steps(int total_steps, double ratio) { return int(std::ceil(total_steps * ratio)); }

}  // namespace moonlet
