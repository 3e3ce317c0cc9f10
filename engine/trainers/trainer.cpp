// SPDX-License-Identifier: Apache-2.0
// The options' table, their check, and the way from an objective's name to a trainer.
#include "trainers/trainer.h"

#include <algorithm>

#include "core/error.h"
#include "trainers/checkpoint.h"
#include "trainers/loop.h"
#include "trainers/tune.h"

namespace moonlet {

const OptionTable& TrainerOptions::rows() {
    static const OptionTable table = {
        {"tune", "\"full\"|\"lora\"", "\"full\"",
         "what is trained: all weights in place, or an adapter over frozen ones (t.model has it)"},
        {"rank", "integer", "8", "lora: of the adapter's matrices"},
        {"alpha", "number", "8", "lora: scale = alpha / rank"},
        {"dropout", "number", "0", "lora: of the adapter's input while training"},
        {"targets", "string[]|string", "\"all-linear\"",
         "lora: layers by the ends of their names {\"q_proj\", \"v_proj\"}, or a regular "
         "expression "
         "over the whole name"},
        {"rslora", "boolean", "false", "lora: scale = alpha / sqrt(rank)"},
        {"adapter", "string", "\"lora\"",
         "lora: its name; one that the model has is trained on, and the one that is on is the "
         "default"},
        {"lr", "number", "2e-5", "learning rate at its peak"},
        {"epochs", "integer", "1", "passes over the data"},
        {"max_steps", "integer", "0", "steps in all, whatever epochs says; 0 = by epochs"},
        {"batch_size", "integer", "8", "sequences in one micro-batch"},
        {"accumulate", "integer", "1", "micro-batches in one step"},
        {"max_length", "integer", "512", "tokens in one sequence, at most the model's positions"},
        {"packing", "boolean", "true",
         "fill sequences with several documents, attention kept apart"},
        {"warmup_ratio", "number", "0.03", "part of all steps in which lr grows from 0"},
        {"schedule", "\"cosine\"|\"linear\"|\"constant\"", "\"cosine\"",
         "what lr does after the warm-up"},
        {"min_lr_ratio", "number", "0", "where cosine and linear end, as a part of lr"},
        {"weight_decay", "number", "0", "decoupled, times lr; not on norms and biases"},
        {"beta1", "number", "0.9", "AdamW: decay of the mean gradient"},
        {"beta2", "number", "0.999", "AdamW: decay of the mean squared gradient"},
        {"eps", "number", "1e-8", "AdamW: added to the denominator"},
        {"max_grad_norm", "number", "1",
         "longer gradients are scaled to this norm; 0 = no clipping"},
        {"gradient_checkpointing", "boolean", "false",
         "layers keep only their input and are computed again: less memory, a third more time"},
        {"eval_steps", "integer", "0", "steps between looks at eval; 0 = one at the end"},
        {"seed", "integer", "", "of the data order; drawn, and reported, when absent"},
        {"output", "string", "", "folder of checkpoints; none when absent"},
        {"save_steps", "integer", "0", "steps from one checkpoint to the next; 0 = one at the end"},
        {"keep", "integer", "3", "newest checkpoints kept below output; 0 = all"},
        {"resume", "string", "", "checkpoint to go on from; \"auto\" = the newest below output"},
    };
    return table;
}

namespace {

void check_range(bool good, const char* name, const Json& options, const char* wanted) {
    if (!good)
        throw Error("trainers: " + std::string(name) + " = " + options.at(name).dump(), wanted);
}

}  // namespace

OptionTable trainer_options(const OptionTable& own) {
    OptionTable all = TrainerOptions::rows();
    for (const OptionRow& row : own) {
        auto same = std::find_if(all.begin(), all.end(), [&](const OptionRow& common) {
            return std::string(common.name) == row.name;
        });
        if (same != all.end()) *same = row;
        else all.push_back(row);
    }
    return all;
}

TrainerOptions TrainerOptions::from_json(const Json& given, const OptionTable& own) {
    Json j = given.is_object() ? given : Json::object();
    check_options(j, trainer_options(own), "trainers");
    TrainerOptions o;
    o.own = Json::object();
    for (const OptionRow& row : own) {
        if ((!j.contains(row.name) || j[row.name].is_null()) && *row.default_value)
            j[row.name] = Json::parse(row.default_value);
        const bool common = std::any_of(rows().begin(), rows().end(), [&](const OptionRow& r) {
            return std::string(r.name) == row.name;
        });
        if (!common && j.contains(row.name)) o.own[row.name] = j[row.name];
    }
    read_option(j, "tune", o.tune);
    read_option(j, "lr", o.lr);
    read_option(j, "epochs", o.epochs);
    read_option(j, "max_steps", o.max_steps);
    read_option(j, "batch_size", o.batch_size);
    read_option(j, "accumulate", o.accumulate);
    read_option(j, "max_length", o.max_length);
    read_option(j, "packing", o.packing);
    read_option(j, "warmup_ratio", o.warmup_ratio);
    read_option(j, "schedule", o.schedule);
    read_option(j, "min_lr_ratio", o.min_lr_ratio);
    read_option(j, "weight_decay", o.weight_decay);
    read_option(j, "beta1", o.beta1);
    read_option(j, "beta2", o.beta2);
    read_option(j, "eps", o.eps);
    read_option(j, "max_grad_norm", o.max_grad_norm);
    read_option(j, "output", o.output);
    read_option(j, "save_steps", o.save_steps);
    read_option(j, "keep", o.keep);
    read_option(j, "resume", o.resume);
    read_lora_options(j, o);
    read_option(j, "gradient_checkpointing", o.gradient_checkpointing);
    read_option(j, "eval_steps", o.eval_steps);
    check_range(o.eval_steps >= 0, "eval_steps", j, "0 or more");
    check_range(o.lr >= 0, "lr", j, "0 or more");
    check_range(o.epochs >= 1, "epochs", j, "1 or more");
    check_range(o.max_steps >= 0, "max_steps", j, "0 or more");
    check_range(o.batch_size >= 1, "batch_size", j, "1 or more");
    check_range(o.accumulate >= 1, "accumulate", j, "1 or more");
    check_range(o.max_length >= 1, "max_length", j, "1 or more");
    check_range(o.warmup_ratio >= 0 && o.warmup_ratio <= 1, "warmup_ratio", j, "0 to 1");
    check_range(o.min_lr_ratio >= 0 && o.min_lr_ratio <= 1, "min_lr_ratio", j, "0 to 1");
    check_range(o.weight_decay >= 0, "weight_decay", j, "0 or more");
    check_range(o.beta1 >= 0 && o.beta1 < 1, "beta1", j, "0 or more, below 1");
    check_range(o.beta2 >= 0 && o.beta2 < 1, "beta2", j, "0 or more, below 1");
    check_range(o.eps >= 0, "eps", j, "0 or more");
    check_range(o.max_grad_norm >= 0, "max_grad_norm", j, "0 or more");
    check_range(o.save_steps >= 0, "save_steps", j, "0 or more");
    check_range(o.keep >= 0, "keep", j, "0 or more");
    auto seed = j.find("seed");
    o.seed_given = seed != j.end() && !seed->is_null();
    if (o.seed_given) {
        double value = seed->get<double>();
        check_range(value >= 0 && value <= double(uint64_t(1) << 53), "seed", j, "0 to 2^53");
        o.seed = uint64_t(value);
    } else {
        o.seed = draw_seed();
    }
    return o;
}

namespace {

// The default fits itself to a short model; what was asked for does not.
void fit_length(TrainerOptions& o, const Json& given, const LanguageModel& model) {
    const int64_t positions = model.network->max_positions();
    if (positions <= 0 || o.max_length <= positions) return;
    if (given.is_object() && given.contains("max_length"))
        throw Error("max_length " + std::to_string(o.max_length),
                    "at most the model's " + std::to_string(positions) + " positions");
    o.max_length = int(positions);
}

}  // namespace

void check_sequences(const std::vector<Sequence>& sequences, int64_t vocab) {
    for (size_t s = 0; s < sequences.size(); ++s) {
        const Sequence& q = sequences[s];
        if (q.labels.size() != sequences[0].labels.size())
            throw Error(
                "row " + std::to_string(s + 1) + ": " + std::to_string(q.labels.size()) + " labels",
                std::to_string(sequences[0].labels.size()) + ", as row 1 has");
        if (!q.loss_mask.empty() && q.loss_mask.size() != q.ids.size())
            throw Error("row " + std::to_string(s + 1) + ": loss_mask of " +
                        std::to_string(q.loss_mask.size()) + " values for " +
                        std::to_string(q.ids.size()) + " ids");
        for (int id : q.ids)
            if (id < 0 || id >= vocab)
                throw Error("row " + std::to_string(s + 1) + ": token id " + std::to_string(id),
                            "0 to " + std::to_string(vocab - 1) + ", the model's vocabulary");
    }
}

std::shared_ptr<Trainer> Trainer::make(const std::string& objective,
                                       std::shared_ptr<LanguageModel> model, const Rows& rows,
                                       const Json& given, const Rows& eval) {
    const ObjectiveEntry& entry = Objectives::get(objective);
    TrainerOptions options = TrainerOptions::from_json(given, entry.own());
    std::unique_ptr<Objective> made = entry.make();
    if (!model || !model->network) throw Error("trainers." + objective + " without a model");
    if (!model->network->causal() && made->needs_decoder())
        throw Error("a " + model->network->model_type() + " model for trainers." + objective,
                    "one that predicts the next token");
    if (rows.empty()) throw Error("trainers." + objective + ": no rows of data", "at least one");
    fit_length(options, given, *model);
    model = tuned_model(model, options);
    std::vector<Sequence> sequences = made->sequences(*model, rows, options);
    check_sequences(sequences, model->network->vocab_size());
    const std::string resume = options.resume, output = options.output;
    HeldOut held;
    if (!eval.empty()) held = hold_out(*made, *model, eval, options);
    auto trainer = std::make_shared<Loop>(objective, std::move(made), std::move(model),
                                          std::move(sequences), options, std::move(held));
    if (resume == "auto") {
        if (output.empty())
            throw Error("resume = \"auto\" without output", "the folder of its checkpoints");
        remove_stale(output);
        if (std::string newest = newest_checkpoint(output); !newest.empty())
            trainer->resume(newest);
    } else if (!resume.empty()) {
        trainer->resume(resume);
    }
    return trainer;
}

}  // namespace moonlet
