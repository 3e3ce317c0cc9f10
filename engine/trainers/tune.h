// SPDX-License-Identifier: Apache-2.0
// What each kind of tuning trains, and how that is kept. The only place that tells "full" from
// "lora": the loop, the optimizer and the checkpoints see a model and a list of named tensors.
//   full   all floating-point tensors of the model that was given, in place
//   lora   A and B of one adapter, over a network that shares the given one's weights: these are
//          frozen, record no gradients and stay as they are, and the given model stays without it
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "trainers/optimizer.h"
#include "trainers/trainer.h"

namespace moonlet {

// The options of tune = "lora" read from checked Json. Error: one of them with another tune, or out
// of range.
void read_lora_options(const Json& given, TrainerOptions& options);
// Those that decide the numbers, by name; null for another tune.
Json lora_options_json(const TrainerOptions& options);

// The model to train. lora: options.adapter (else the one adapter that is on, else "lora") is
// copied from the given model where it has it, and then rank, alpha, dropout, targets and rslora
// are that one's, else it is new, drawn from options.seed; it alone is on. `options` is told what
// came out. Error: tune = "full" under an adapter that is on; several on and none named; an
// existing adapter of another kind than asked for.
std::shared_ptr<LanguageModel> tuned_model(const std::shared_ptr<LanguageModel>& given,
                                           TrainerOptions& options);

// The tensors that options.tune trains, in a fixed order, by the names they are saved under. Their
// memory is the loop's to replace (set_data).
std::vector<NamedTensor> tuned_parameters(LanguageModel& model, const TrainerOptions& options);

// Around a micro-batch: dropout follows from the seed, the step and the micro-batch's number.
class Tuning {
  public:
    Tuning(LanguageModel& model, const TrainerOptions& options, int step, int micro_batch);
    ~Tuning();
    Tuning(const Tuning&) = delete;

  private:
    LanguageModel& model_;
    const TrainerOptions& options_;
};

// A checkpoint's part that opens as a model: the whole one, or the adapter alone.
void save_tuned(LanguageModel& model, const TrainerOptions& options, const std::string& folder);
// The file of it that holds tuned_parameters().
std::string tuned_file(const TrainerOptions& options);
// What that file holds, by the names of tuned_parameters() and of what an objective adds to them.
// Error: the checkpoint's adapter was trained over other weights.
std::map<std::string, at::Tensor> read_tuned(LanguageModel& model, const TrainerOptions& options,
                                             const std::string& folder);

}  // namespace moonlet
