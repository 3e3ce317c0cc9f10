// SPDX-License-Identifier: Apache-2.0
// How much memory and time a training will take, before it takes them. Weights, gradients and the
// optimizer's state follow from the parameters that train. What a forward pass keeps for the
// backward one is a sum of terms in the tokens of a micro-batch, n = rows * width, and in n * width
// (attention masks); their factors are read off the model itself: three small forward passes whose
// tensors are counted. Nothing is fitted to measured trainings.
#pragma once

#include <functional>
#include <vector>

#include "trainers/batches.h"
#include "trainers/optimizer.h"
#include "trainers/trainer.h"

namespace moonlet {

struct Plan {
    Objective& objective;
    LanguageModel& model;
    const TrainerOptions& options;
    const std::vector<NamedTensor>& parameters;  // trained; they ask for gradients now
    size_t optimizer_bytes = 0;                  // allocated already

    int steps = 0, micro_batches = 1;
    int64_t tokens = 0;
    std::vector<StepRecord> history = {};
    // One micro-batch, rows of it at their longest; filled by add().
    struct Shape {
        int64_t rows = 0, width = 0;
        bool packed = false, ragged = false;
        int64_t counted = 0;
    };
    std::vector<Shape> shapes = {};  // one for each micro-batch that may come
    size_t per_step = 1;             // micro-batches in a step
    std::vector<size_t> first = {};  // rows of the widest micro-batch
    std::function<MicroBatch(const std::vector<size_t>&)> batch = {};

    void add(const std::vector<size_t>& which, const std::vector<Row>& rows,
             const std::vector<Sequence>& sequences);
};

Estimate estimate_training(const Plan& plan);

}  // namespace moonlet
