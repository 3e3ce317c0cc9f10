// SPDX-License-Identifier: Apache-2.0
// Training by one loop for every objective: rows -> batches -> loss -> gradients -> AdamW. An
// objective is one file that turns rows into token sequences and a batch into a loss, registered
// under its Lua name; the loop, schedule, accumulation, clipping, checkpoints and history are here
// once. The trained model is the object that was handed in (tune = "full"), or one that shares its
// weights under an adapter (tune = "lora").
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/lora_config.h"
#include "core/options.h"
#include "core/random.h"
#include "core/registry.h"
#include "generation/language_model.h"

namespace moonlet {

// One training sequence: ids and which of them the loss counts (loss_mask[i] speaks of predicting
// ids[i]; empty = all but the first). labels is for objectives of Layout::labelled: what is asked
// of the sequence as a whole, one class number (0-based) or score, or one value for each class; as
// many in every sequence.
struct Sequence {
    std::vector<int> ids;
    std::vector<uint8_t> loss_mask = {};
    std::vector<double> labels = {};
};

// How sequences become rows of a batch.
//   stream    a text without end: cut at max_length, the rest goes on in the next row
//   whole     each sequence is seen from its start: what is longer than max_length is cut off and
//             counted (DataReport), packing puts several into a row only if they fit
//   labelled  one sequence a row, all its ids are read (none is only asked for), cut at max_length;
//             the batch has labels and a mask, its targets are all kIgnore, and `counted` is the
//             number of rows
enum class Layout { stream, whole, labelled };

// What became of the rows that were given.
struct DataReport {
    size_t rows = 0;      // given
    size_t cut = 0;       // longer than max_length: their end is not trained on (never with stream)
    size_t empty = 0;     // nothing in them counts: left out
    int64_t tokens = 0;   // read in one epoch
    int64_t counted = 0;  // of them asked for by the loss
    std::vector<std::string> notes = {};  // what the objective noticed and a person should know
};

// One row of training data as the caller has it: a table of columns, or a string.
using Rows = std::vector<Json>;

struct MicroBatch;   // trainers/batches.h
struct NamedTensor;  // trainers/optimizer.h

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
    bool gradient_checkpointing = false;  // layers keep their input alone: ops/checkpoint.h
    int eval_steps = 0;                   // steps between evaluations in run(); 0 = at its end
    LoraConfig lora;                      // of tune = "lora"
    std::string adapter;                  // its name; "" = not said
    Json lora_given;                      // what of it was said, by option
    Json own;                             // the objective's own options by name, defaults filled in

    static const OptionTable& rows();
    // `own`: the objective's rows. One that has the name of a common row replaces its default.
    static TrainerOptions from_json(const Json& options, const OptionTable& own = {});
};

// The common rows with an objective's own laid over them.
OptionTable trainer_options(const OptionTable& own);

// Error: an id outside the vocabulary, a loss_mask of another length than ids, labels in some rows
// only.
void check_sequences(const std::vector<Sequence>& sequences, int64_t vocab);

struct StepRecord {
    int step = 0;                  // 1-based
    double loss = 0;               // mean over the counted tokens of the whole step
    double lr = 0, grad_norm = 0;  // norm before clipping
    int64_t tokens = 0;            // counted by the loss, all micro-batches
    double seconds = 0;
    double tokens_per_second = 0;  // read by the model (padding aside), counted by the loss or not
    double epoch = 0;              // passes over the data after this step, 1.5 = one and a half
    size_t peak_bytes = 0;         // of the process so far
    // Of the held-out rows after this step, mean; NaN where they were not looked at.
    double eval_loss = NAN, eval_accuracy = NAN;
};

// What a training will need, told before it is spent. `memory` are the parts of the worst moment of
// a step and add up to total_bytes, the process's peak.
struct Estimate {
    struct Part {
        std::string name;
        double bytes = 0;
        std::string what;  // how it comes about
    };
    std::vector<Part> memory;
    std::string moment;                      // when that is: "update", …
    double total_bytes = 0, free_bytes = 0;  // free: what the machine has left for it now
    int64_t parameters = 0, trained = 0;
    int steps = 0;           // still to do
    int64_t tokens = 0;      // read in these steps, padding aside
    double seconds = 0;      // for these steps; 0 = not measured
    std::string seconds_by;  // what it was measured on
};

// What a batch says without being trained on.
struct Score {
    double loss = 0;                   // sum over what counts
    int64_t counted = 0, correct = 0;  // correct: the most likely answer was the wanted one
};

class Objective {
  public:
    static constexpr const char* kKind = "trainer";
    virtual ~Objective() = default;
    // Rows as token sequences, before cutting and packing; one sequence for each row, in order.
    // Error: a row without what the objective needs. Called again for rows of evaluate().
    virtual std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                            const TrainerOptions& options) = 0;
    virtual Layout layout() const { return Layout::stream; }
    // What sequences() noticed in the data and a person should know, one sentence each.
    virtual std::vector<std::string> notes() const { return {}; }
    // False: a network that does not predict the next token (an encoder) will do as well.
    virtual bool needs_decoder() const { return true; }
    // Called once, before the optimizer is made. `parameters` are the tensors that `tune` trains,
    // by the model's names; the objective may make more (a head, taken from
    // model.network->parameters() so that it is saved with the model) and append or remove some.
    virtual void prepare(LanguageModel& model, const TrainerOptions& options,
                         std::vector<NamedTensor>& parameters);
    // f32 scalar, differentiable: the sum of the loss over everything in the batch that counts. The
    // loop divides by the number that counts in the whole step and calls backward(). Default: the
    // chunked cross-entropy of the next token.
    virtual at::Tensor loss(LanguageModel& model, const MicroBatch& batch);
    // The same without gradients, and how many answers were right. Default: next tokens.
    virtual Score score(LanguageModel& model, const MicroBatch& batch);
};
struct ObjectiveEntry {
    static constexpr const char* kKind = "trainer";
    std::unique_ptr<Objective> (*make)() = nullptr;
    const char* doc = "";
    // Options besides TrainerOptions::rows(); their values come in TrainerOptions::own. A row with
    // the name of a common one gives it another default (max_length 1024).
    const OptionTable& (*options)() = nullptr;
    const char* example = "";  // for help; runs with the doctests' model m

    OptionTable own() const { return options ? options() : OptionTable(); }
};
using Objectives = Registry<ObjectiveEntry, ObjectiveEntry>;

// MOONLET_OBJECTIVE(name, make, doc[, options[, example]])
#define MOONLET_OBJECTIVE(name, make, doc, ...)                   \
    [[maybe_unused]] static const bool moonlet_objective_##name = \
        ::moonlet::Objectives::add(#name, ::moonlet::ObjectiveEntry{make, doc, ##__VA_ARGS__});

class Trainer {
  public:
    // Error: unknown objective, unusable rows, as tuned_model (tune.h). With
    // options.resume the trainer stands where that checkpoint was ("auto": or at the start).
    static std::shared_ptr<Trainer> make(const std::string& objective,
                                         std::shared_ptr<LanguageModel> model, const Rows& rows,
                                         const Json& options, const Rows& eval = {});
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
    // Ends run() after the step that it is in; the next run() goes on. From on_step.
    virtual void pause() = 0;
    // The sums over all that counts in other rows of the same form; none: those of `eval`.
    // Interruptible (throws Interrupted). Changes nothing. Error: no rows at all.
    virtual Score evaluate(const Rows& rows) = 0;
    // Needs a few small passes through the model, and one micro-batch of the data forth and back if
    // it fits the memory. Changes nothing.
    virtual Estimate estimate() = 0;
    // A checkpoint that exact resume needs: model, optimizer, schedule, data order, random state,
    // history. Atomic: a folder under a temporary name, renamed when complete.
    virtual void save(const std::string& folder) = 0;
    // Error: not a checkpoint, or one of other data, another model or other options; nothing is
    // changed then. Takes the checkpoint's thread count where the machine has as many.
    virtual void resume(const std::string& folder) = 0;
    virtual const TrainerOptions& options() const = 0;
    virtual const std::string& objective() const = 0;
    virtual const DataReport& data() const = 0;
    virtual std::shared_ptr<LanguageModel> model() const = 0;
};

}  // namespace moonlet
