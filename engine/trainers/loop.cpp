// SPDX-License-Identifier: Apache-2.0
// The loss of a step is the sum over its counted tokens divided by their number, known before the
// first micro-batch: so 8 sequences at once and 8 times one give the same gradients, whatever their
// lengths.
#include "trainers/loop.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "ops/checkpoint.h"
#include "trainers/checkpoint.h"
#include "trainers/estimate.h"
#include "trainers/state.h"
#include "trainers/tune.h"

namespace moonlet {

namespace {

// Asks for gradients while a step runs, so that whatever else uses the model meanwhile records
// nothing.
class Recording {
  public:
    explicit Recording(const std::vector<NamedTensor>& parameters) : parameters_(parameters) {
        for (const NamedTensor& p : parameters_) p.tensor.requires_grad_(true);
    }
    ~Recording() {
        for (const NamedTensor& p : parameters_) {
            p.tensor.mutable_grad().reset();
            p.tensor.requires_grad_(false);
        }
    }
    Recording(const Recording&) = delete;

  private:
    const std::vector<NamedTensor>& parameters_;
    at::AutoGradMode on_{true};
};

std::string number(const char* format, double value) {
    char text[40];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string duration(double seconds) {
    if (seconds < 90) return number("%.0f s", seconds);
    if (seconds < 5400) return number("%.0f min", seconds / 60);
    return number("%.1f h", seconds / 3600);
}

// A step that cannot be taken.
[[noreturn]] void refuse(const std::string& what, const std::string& rows, const StepRecord& r) {
    throw Error("step " + std::to_string(r.step) + " gave " + what + " (rows " + rows +
                    " of the data, lr " + number("%g", r.lr) + ")",
                "finite numbers",
                "nothing is changed: the weights are as before this step and checkpoints stand; "
                "look at these rows, lower lr, or clip with max_grad_norm");
}

TrainerState state_of(const std::string& objective, const TrainerOptions& options,
                      const std::vector<Sequence>& sequences, int steps_total) {
    TrainerState state;
    state.objective = objective;
    state.options = options;
    state.data = fingerprint(sequences);
    state.sequences = sequences.size();
    state.steps_total = steps_total;
    state.threads = at::get_num_threads();
    return state;
}

// The tensors of a checkpoint's file that stand for `into`, in its order.
std::vector<at::Tensor> matching(const std::vector<NamedTensor>& into,
                                 const std::map<std::string, at::Tensor>& from,
                                 const std::string& path) {
    std::vector<at::Tensor> result;
    for (const NamedTensor& t : into) {
        auto found = from.find(t.name);
        if (found == from.end())
            throw Error("broken checkpoint: no " + t.name + " in " + quote(path, 200));
        if (found->second.sizes() != t.tensor.sizes() ||
            found->second.scalar_type() != t.tensor.scalar_type())
            throw Error(
                t.name + " in " + quote(path, 200) + " has another shape or dtype than the model's",
                "a checkpoint of the same model");
        result.push_back(found->second);
    }
    return result;
}

void copy_into(const std::vector<NamedTensor>& into, const std::vector<at::Tensor>& from) {
    at::NoGradGuard no_grad;
    for (size_t i = 0; i < into.size(); ++i) into[i].tensor.copy_(from[i]);
}

}  // namespace

size_t peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6)) * 1024;
    return 0;
}

Loop::Loop(std::string name, std::unique_ptr<Objective> objective,
           std::shared_ptr<LanguageModel> model, std::vector<Sequence> sequences,
           TrainerOptions options, HeldOut eval)
    : name_(std::move(name)),
      objective_(std::move(objective)),
      model_(std::move(model)),
      sequences_(std::move(sequences)),
      options_(std::move(options)),
      eval_(std::move(eval)) {
    rows_ =
        make_rows(sequences_, options_.max_length, options_.packing, objective_->layout(), &data_);
    data_.notes = objective_->notes();
    plan();
}

// What follows from rows, options and seed.
void Loop::plan() {
    const size_t rows_per_step = size_t(options_.batch_size) * size_t(options_.accumulate);
    order_ = std::make_unique<DataOrder>(rows_.size(), rows_per_step, options_.seed);
    steps_total_ =
        options_.max_steps > 0 ? options_.max_steps : options_.epochs * order_->steps_per_epoch();
    schedule_ = {options_.schedule, options_.lr, options_.min_lr_ratio,
                 warmup_steps(steps_total_, options_.warmup_ratio), steps_total_};
}

// Which tensors train; nothing is allocated for it yet.
void Loop::choose() {
    if (!parameters_.empty()) return;
    parameters_ = tuned_parameters(*model_, options_);
    objective_->prepare(*model_, options_, parameters_);
}

// Weights loaded from a file are its map, which must not be written: each gets memory of its own,
// behind the same handle, so that the model computes with it.
void Loop::prepare() {
    if (optimizer_) return;
    // Fixes the count, which LibTorch's matrix library may else lower by itself.
    at::set_num_threads(at::get_num_threads());
    choose();
    at::NoGradGuard no_grad;
    for (NamedTensor& p : parameters_)
        p.tensor.set_data(p.tensor.detach().clone(at::MemoryFormat::Contiguous));
    optimizer_ = std::make_unique<AdamW>(
        parameters_,
        AdamWOptions{options_.beta1, options_.beta2, options_.eps, options_.weight_decay});
}

// "3, 7, 12 and 5 more" of the data, for errors.
std::string Loop::rows_text(const std::vector<size_t>& rows) const {
    std::set<size_t> data;
    for (size_t row : rows)
        for (const Piece& piece : rows_[row]) data.insert(piece.sequence + 1);
    std::string text;
    size_t count = 0;
    for (size_t row : data) {
        if (count == 8) return text + " and " + std::to_string(data.size() - count) + " more";
        text += (count++ ? ", " : "") + std::to_string(row);
    }
    return text;
}

std::vector<at::Tensor> Loop::gradients(const std::vector<MicroBatch>& batches,
                                        const std::vector<std::vector<size_t>>& which,
                                        StepRecord& record) {
    std::vector<at::Tensor> sums(parameters_.size());
    const bool alone = std::count_if(batches.begin(), batches.end(),
                                     [](const MicroBatch& b) { return b.counted > 0; }) == 1;
    Recording recording(parameters_);
    ops::Checkpointing checkpointing(options_.gradient_checkpointing);
    for (size_t b = 0; b < batches.size(); ++b) {
        const MicroBatch& batch = batches[b];
        interrupt::check();
        if (batch.counted == 0) continue;
        Tuning tuning(*model_, options_, record.step, int(b));
        at::Tensor loss = objective_->loss(*model_, batch) / double(record.tokens);
        const double part = loss.item<float>();
        if (!std::isfinite(part)) refuse("loss " + number("%g", part), rows_text(which[b]), record);
        loss.backward();
        record.loss += part;
        // Summed in f32 here and not in .grad, which has the parameter's type; one alone needs no
        // sum.
        at::NoGradGuard no_grad;
        for (size_t i = 0; i < parameters_.size(); ++i) {
            at::Tensor& grad = parameters_[i].tensor.mutable_grad();
            if (!grad.defined()) continue;
            if (sums[i].defined()) sums[i].add_(grad);
            else sums[i] = alone ? grad : grad.to(at::kFloat);
            grad.reset();
        }
    }
    for (size_t i = 0; i < parameters_.size(); ++i)
        if (!sums[i].defined())
            sums[i] = at::zeros_like(parameters_[i].tensor,
                                     parameters_[i].tensor.options().dtype(at::kFloat));
    return sums;
}

// The rows of each micro-batch of the step after `done` finished ones.
std::vector<std::vector<size_t>> Loop::micro_batches(int done) {
    const std::vector<size_t> rows = order_->step(done);
    std::vector<std::vector<size_t>> result;
    for (size_t at = 0; at < rows.size(); at += size_t(options_.batch_size)) {
        const size_t end = std::min(rows.size(), at + size_t(options_.batch_size));
        result.emplace_back(rows.begin() + long(at), rows.begin() + long(end));
    }
    return result;
}

const StepRecord& Loop::step() {
    interrupt::check_entry();
    take_step();
    memory_->rest();
    return history_.back();
}

void Loop::take_step() {
    if (done())
        throw Error("training is done after " + std::to_string(steps_total_) + " steps",
                    "a new trainer to go on with");
    if (!memory_) memory_ = std::make_unique<ReusingMemory>();
    prepare();
    const auto start = std::chrono::steady_clock::now();
    StepRecord record;
    record.step = steps_done() + 1;
    record.lr = schedule_.at(steps_done());
    const std::vector<std::vector<size_t>> which = micro_batches(steps_done());
    std::vector<MicroBatch> batches;
    int64_t read = 0;
    for (const std::vector<size_t>& rows : which) {
        batches.push_back(collate(sequences_, rows_, rows, objective_->layout()));
        record.tokens += batches.back().counted;
        read += batches.back().tokens;
    }
    std::vector<at::Tensor> grads = gradients(batches, which, record);
    record.grad_norm = gradient_norm(grads);
    if (!std::isfinite(record.grad_norm)) {
        std::vector<size_t> all;
        for (const std::vector<size_t>& rows : which)
            all.insert(all.end(), rows.begin(), rows.end());
        refuse("loss " + number("%g", record.loss) + " and gradient norm " +
                   number("%g", record.grad_norm),
               rows_text(all), record);
    }
    optimizer_->step(grads, record.lr, record.step,
                     clip_scale(record.grad_norm, options_.max_grad_norm));
    record.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    record.tokens_per_second = double(read) / std::max(1e-9, record.seconds);
    record.epoch = double(record.step) / order_->steps_per_epoch();
    record.peak_bytes = peak_bytes();
    history_.push_back(record);
    report(history_.back());
}

void Loop::report(const StepRecord& r) const {
    // The mean of the last steps: the first ones are slower.
    double seconds = 0;
    int count = 0;
    for (auto it = history_.rbegin(); it != history_.rend() && count < 20; ++it, ++count)
        seconds += it->seconds;
    double left = seconds / count * (steps_total_ - r.step);
    report_progress({"training " + name_, double(r.step), double(steps_total_), "steps",
                     "loss " + number("%.4f", r.loss) + " · " +
                         number("%.0f", r.tokens_per_second) + " tok/s · " + duration(left) +
                         " left"});
}

bool Loop::run(const std::function<bool(const StepRecord&)>& on_step) {
    interrupt::check_entry();
    pausing_ = false;
    struct GivesBack {
        std::unique_ptr<ReusingMemory>& memory;
        ~GivesBack() { memory.reset(); }
    } gives_back{memory_};
    while (!done()) {
        if (interrupt::requested()) {
            interrupt::deliver();
            return false;
        }
        try {
            take_step();
            look_at_held_out();
        } catch (const Interrupted&) {
            interrupt::deliver();
            return false;
        }
        if (options_.save_steps > 0 && steps_done() % options_.save_steps == 0) save_below_output();
        if (on_step && !on_step(history_.back())) return done();
        if (pausing_) return done();
    }
    if (saved_ != steps_done()) save_below_output();
    return true;
}

void Loop::look_at_held_out() {
    if (eval_.rows.empty()) return;
    const bool due = options_.eval_steps > 0 && steps_done() % options_.eval_steps == 0;
    if (!due && !done()) return;
    const Score score = evaluate_rows(*objective_, *model_, eval_, options_);
    history_.back().eval_loss = score.loss / double(score.counted);
    history_.back().eval_accuracy = double(score.correct) / double(score.counted);
}

Score Loop::evaluate(const Rows& rows) {
    interrupt::check_entry();
    if (rows.empty() && eval_.rows.empty())
        throw Error("nothing to evaluate on", "rows",
                    "t:evaluate(rows), or eval = rows at the start");
    if (rows.empty()) return evaluate_rows(*objective_, *model_, eval_, options_);
    return evaluate_rows(*objective_, *model_, hold_out(*objective_, *model_, rows, options_),
                         options_);
}

Estimate Loop::estimate() {
    interrupt::check_entry();
    choose();
    Plan plan{*objective_, *model_, options_, parameters_, optimizer_ ? optimizer_->bytes() : 0};
    plan.steps = steps_total_ - steps_done();
    plan.micro_batches = options_.accumulate;
    // One epoch tells what the widest micro-batch is; more steps only repeat it in another order.
    for (int i = 0; i < std::min(order_->steps_per_epoch(), steps_total_); ++i) {
        const auto which = micro_batches(i);
        plan.per_step = std::max(plan.per_step, which.size());
        for (const std::vector<size_t>& rows : which) plan.add(rows, rows_, sequences_);
        if (i % 64 == 0) interrupt::check();
    }
    plan.history = history_;
    plan.batch = [&](const std::vector<size_t>& rows) {
        return collate(sequences_, rows_, rows, objective_->layout());
    };
    plan.tokens = data_.tokens * plan.steps / std::max(1, order_->steps_per_epoch());
    Recording recording(parameters_);
    return estimate_training(plan);
}

void Loop::save_below_output() {
    if (options_.output.empty()) return;
    if (saved_ < 0) remove_stale(options_.output);
    save(checkpoint_name(options_.output, steps_done()));
    prune_checkpoints(options_.output, options_.keep);
    saved_ = steps_done();
}

void Loop::save(const std::string& folder) {
    namespace fs = std::filesystem;
    if (fs::is_directory(folder) && !fs::is_empty(folder) &&
        !fs::exists(fs::path(folder) / "trainer.json"))
        throw Error(quote(folder, 200) + " holds other files",
                    "a new folder, or a checkpoint to replace");
    prepare();
    write_folder(folder, [&](const std::string& temporary) {
        save_tuned(*model_, options_, temporary);
        write_tensors(temporary + "/optimizer.safetensors", optimizer_->state());
        TrainerState state = state_of(name_, options_, sequences_, steps_total_);
        state.history = history_;
        write_file(temporary + "/trainer.json", dump_json(to_json(state)) + "\n");
    });
}

void Loop::resume(const std::string& folder) {
    const std::string path = folder + "/trainer.json";
    if (!std::filesystem::exists(path))
        throw Error("no checkpoint in " + quote(folder, 200),
                    "a folder with trainer.json, as t:save writes it");
    TrainerState saved = trainer_state(read_json(path), path);
    TrainerOptions options = options_;
    if (!options.seed_given) options.seed = saved.options.seed;
    check_same_training(saved, state_of(name_, options, sequences_, steps_total_), folder);
    prepare();
    // Everything is checked before anything is copied: a broken checkpoint leaves all as it was.
    const std::vector<NamedTensor> state = optimizer_->state();
    const std::string file = folder + "/" + tuned_file(options_),
                      moments_file = folder + "/optimizer.safetensors";
    std::vector<at::Tensor> weights =
        matching(parameters_, read_tuned(*model_, options_, folder), file);
    std::vector<at::Tensor> moments = matching(state, read_tensors(moments_file), moments_file);
    copy_into(parameters_, weights);
    optimizer_->restore(moments);
    options_ = options;
    plan();
    history_ = std::move(saved.history);
    // Sums are split by threads, so another count gives other last bits.
    if (saved.threads <= int(std::thread::hardware_concurrency()))
        at::set_num_threads(saved.threads);
}

}  // namespace moonlet
