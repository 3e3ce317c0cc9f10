// SPDX-License-Identifier: Apache-2.0
// Training by one loop for every objective: rows -> batches -> loss -> gradients -> AdamW. An
// objective is one file that turns rows into token sequences and a batch into a loss, registered
// under its Lua name; the loop, schedule, accumulation, clipping, checkpoints and history are here
// once. The trained model is the object that was handed in (tune = "full").
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "core/random.h"
#include "core/registry.h"
#include "generation/language_model.h"

namespace moonlet {

// One training sequence: ids and which of them the loss counts (loss_mask[i] speaks of predicting
// ids[i]; empty = all but the first).
struct Sequence {
    std::vector<int> ids;
    std::vector<uint8_t> loss_mask;
};

// One row of training data as the caller has it: {"text": …} or {"input_ids": […]} or a string.
using Rows = std::vector<Json>;

struct TrainerOptions {
    std::string tune = "full";
    double lr = 2e-5;
    int epochs = 1;
    int max_steps = 0;                // 0 = by epochs; else stops (and plans the schedule) there
    int batch_size = 8;               // sequences a micro-batch
    int accumulate = 1;               // micro-batches a step
    int max_length = 512;             // tokens a sequence; longer documents go on in the next one
    bool packing = true;              // fill sequences with several documents, attention kept apart
    double warmup_ratio = 0.03;       // of all steps, linear from 0
    std::string schedule = "cosine";  // to min_lr_ratio * lr; "constant", "linear"
    double min_lr_ratio = 0.0;
    double weight_decay = 0.0;  // not on norms and biases
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
    double max_grad_norm = 1.0;  // 0 = no clipping
    uint64_t seed = 0;           // drawn when absent, reported; resume takes the checkpoint's
    bool seed_given = false;
    std::string output;  // folder of checkpoints, "" = none
    int save_steps = 0;  // 0 = only where t:save asks and at the end of run()
    int keep = 3;        // newest checkpoints kept below output; 0 = all
    std::string resume;  // a checkpoint folder to go on from; "auto" = the newest below output

    static const OptionTable& rows();
    static TrainerOptions from_json(const Json& options);
};

struct StepRecord {
    int step = 0;                  // 1-based
    double loss = 0;               // mean over the counted tokens of the whole step
    double lr = 0, grad_norm = 0;  // norm before clipping
    int64_t tokens = 0;            // counted by the loss, all micro-batches
    double seconds = 0;
    double tokens_per_second = 0;  // read by the model (padding aside), counted by the loss or not
    double epoch = 0;              // passes over the data after this step, 1.5 = one and a half
    size_t peak_bytes = 0;         // of the process so far
};

class Objective {
  public:
    static constexpr const char* kKind = "trainer";
    virtual ~Objective() = default;
    // Rows as token sequences, before packing. Error: a row without what the objective needs.
    virtual std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                            const TrainerOptions& options) = 0;
};
struct ObjectiveEntry {
    static constexpr const char* kKind = "trainer";
    std::unique_ptr<Objective> (*make)() = nullptr;
    const char* doc = "";
};
using Objectives = Registry<ObjectiveEntry, ObjectiveEntry>;

#define MOONLET_OBJECTIVE(name, make, doc)                        \
    [[maybe_unused]] static const bool moonlet_objective_##name = \
        ::moonlet::Objectives::add(#name, ::moonlet::ObjectiveEntry{make, doc});

class Trainer {
  public:
    // Error: unknown objective, unusable rows, tune kinds that are not there yet. With
    // options.resume the trainer stands where that checkpoint was ("auto": or at the start).
    static std::shared_ptr<Trainer> make(const std::string& objective,
                                         std::shared_ptr<LanguageModel> model, const Rows& rows,
                                         const Json& options);
    virtual ~Trainer() = default;

    // One optimizer step (all its micro-batches). Interrupted between micro-batches: the step's
    // gradients are dropped, no state changes, Interrupted is thrown. Error when done().
    virtual const StepRecord& step() = 0;
    // Steps until done, Ctrl-C or on_step returning false; returns true when done. Saves every
    // save_steps and at the end, below options.output as checkpoint-<step>.
    virtual bool run(const std::function<bool(const StepRecord&)>& on_step = {}) = 0;
    virtual bool done() const = 0;
    virtual int steps_done() const = 0;
    virtual int steps_total() const = 0;
    virtual const std::vector<StepRecord>& history() const = 0;
    // A checkpoint that exact resume needs: model, optimizer, schedule, data order, random state,
    // history. Atomic: a folder under a temporary name, renamed when complete.
    virtual void save(const std::string& folder) = 0;
    // Error: not a checkpoint, or one of other data, another model or other options; nothing is
    // changed then. Takes the checkpoint's thread count where the machine has as many.
    virtual void resume(const std::string& folder) = 0;
    virtual const TrainerOptions& options() const = 0;
    virtual std::shared_ptr<LanguageModel> model() const = 0;
};

}  // namespace moonlet
