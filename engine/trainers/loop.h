// SPDX-License-Identifier: Apache-2.0
// The one training loop: rows in a fixed random order, micro-batches, the summed loss of a whole
// step over its counted tokens, clipping, AdamW, history. Everything about a step follows from its
// number, the seed and the data, so a checkpoint (weights, optimizer state, number of steps)
// resumes bit for bit with the same thread count. It knows no objective: sequences come in ready.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trainers/batches.h"
#include "trainers/evaluate.h"
#include "trainers/optimizer.h"
#include "trainers/schedule.h"
#include "trainers/tensor_memory.h"
#include "trainers/trainer.h"

namespace moonlet {

class Loop : public Trainer {
  public:
    Loop(std::string name, std::unique_ptr<Objective> objective,
         std::shared_ptr<LanguageModel> model, std::vector<Sequence> sequences,
         TrainerOptions options, HeldOut eval = {});

    const StepRecord& step() override;
    bool run(const std::function<bool(const StepRecord&)>& on_step) override;
    bool done() const override { return steps_done() >= steps_total_; }
    int steps_done() const override { return int(history_.size()); }
    int steps_total() const override { return steps_total_; }
    const std::vector<StepRecord>& history() const override { return history_; }
    void pause() override { pausing_ = true; }
    Score evaluate(const Rows& rows) override;
    Estimate estimate() override;
    void save(const std::string& folder) override;
    void resume(const std::string& folder) override;
    const TrainerOptions& options() const override { return options_; }
    const std::string& objective() const override { return name_; }
    const DataReport& data() const override { return data_; }
    std::shared_ptr<LanguageModel> model() const override { return model_; }

  private:
    void take_step();
    void plan();
    void choose();
    void prepare();
    std::vector<std::vector<size_t>> micro_batches(int done);
    std::vector<at::Tensor> gradients(const std::vector<MicroBatch>& batches,
                                      const std::vector<std::vector<size_t>>& which,
                                      StepRecord& record);
    std::string rows_text(const std::vector<size_t>& rows) const;
    void look_at_held_out();
    void save_below_output();
    void report(const StepRecord& record) const;

    std::string name_;
    std::unique_ptr<Objective> objective_;
    std::shared_ptr<LanguageModel> model_;
    std::vector<Sequence> sequences_;
    TrainerOptions options_;
    std::vector<Row> rows_;
    DataReport data_;
    std::unique_ptr<DataOrder> order_;
    Schedule schedule_;
    int steps_total_ = 0;
    std::vector<StepRecord> history_;
    std::vector<NamedTensor> parameters_;  // empty until the first step, resume or estimate
    HeldOut eval_;
    bool pausing_ = false;
    std::unique_ptr<AdamW> optimizer_;
    std::unique_ptr<ReusingMemory> memory_;  // from a step on; a run gives it back
    int saved_ = -1;                         // steps at the last checkpoint below output
};

// The most memory the process has held, in bytes; 0 where the system does not say.
size_t peak_bytes();

}  // namespace moonlet
