// SPDX-License-Identifier: Apache-2.0
#include "trainers/state.h"

#include "core/error.h"
#include "trainers/tune.h"

namespace moonlet {

namespace {

constexpr int kVersion = 1;

// The options that decide the numbers.
Json deciding(const TrainerOptions& o) {
    Json j = {{"tune", o.tune},
              {"lr", o.lr},
              {"epochs", o.epochs},
              {"max_steps", o.max_steps},
              {"batch_size", o.batch_size},
              {"accumulate", o.accumulate},
              {"max_length", o.max_length},
              {"packing", o.packing},
              {"warmup_ratio", o.warmup_ratio},
              {"schedule", o.schedule},
              {"min_lr_ratio", o.min_lr_ratio},
              {"weight_decay", o.weight_decay},
              {"beta1", o.beta1},
              {"beta2", o.beta2},
              {"eps", o.eps},
              {"max_grad_norm", o.max_grad_norm},
              {"seed", o.seed}};
    if (Json lora = lora_options_json(o); lora.is_object()) j.update(lora);
    j.update(o.own);
    return j;
}

Json to_json(const StepRecord& r) {
    Json j = {{"step", r.step},
              {"loss", r.loss},
              {"lr", r.lr},
              {"grad_norm", r.grad_norm},
              {"tokens", r.tokens},
              {"seconds", r.seconds},
              {"tokens_per_second", r.tokens_per_second},
              {"epoch", r.epoch},
              {"peak_bytes", r.peak_bytes}};
    if (!std::isnan(r.eval_loss))
        j.update({{"eval_loss", r.eval_loss}, {"eval_accuracy", r.eval_accuracy}});
    return j;
}

StepRecord record(const Json& j) {
    StepRecord r;
    j.at("step").get_to(r.step);
    j.at("loss").get_to(r.loss);
    j.at("lr").get_to(r.lr);
    j.at("grad_norm").get_to(r.grad_norm);
    j.at("tokens").get_to(r.tokens);
    j.at("seconds").get_to(r.seconds);
    j.at("tokens_per_second").get_to(r.tokens_per_second);
    j.at("epoch").get_to(r.epoch);
    j.at("peak_bytes").get_to(r.peak_bytes);
    r.eval_loss = j.value("eval_loss", r.eval_loss);
    r.eval_accuracy = j.value("eval_accuracy", r.eval_accuracy);
    return r;
}

[[noreturn]] void other(const std::string& folder, const std::string& saved,
                        const std::string& now) {
    throw Error("cannot go on from " + quote(folder, 200) + ": it was trained with " + saved +
                    ", not " + now,
                "the same training",
                "give the same data and options, or load its model and start a new training");
}

}  // namespace

Json to_json(const TrainerState& s) {
    Json history = Json::array();
    for (const StepRecord& r : s.history) history.push_back(to_json(r));
    return {{"format", "moonlet trainer"},
            {"version", kVersion},
            {"objective", s.objective},
            {"options", deciding(s.options)},
            {"data", {{"fingerprint", std::to_string(s.data)}, {"sequences", s.sequences}}},
            {"steps_done", s.history.size()},
            {"steps_total", s.steps_total},
            {"threads", s.threads},
            {"history", history}};
}

TrainerState trainer_state(const Json& j, const std::string& path) {
    TrainerState s;
    try {
        if (j.at("format") != "moonlet trainer")
            throw Error(quote(path, 200) + " is no trainer.json of moonlet");
        if (j.at("version").get<int>() != kVersion)
            throw Error(quote(path, 200) + " has version " + j.at("version").dump(),
                        std::to_string(kVersion));
        j.at("objective").get_to(s.objective);
        s.options = TrainerOptions::from_json(j.at("options"), Objectives::get(s.objective).own());
        s.data = std::stoull(j.at("data").at("fingerprint").get<std::string>());
        j.at("data").at("sequences").get_to(s.sequences);
        j.at("steps_total").get_to(s.steps_total);
        j.at("threads").get_to(s.threads);
        for (const Json& r : j.at("history")) s.history.push_back(record(r));
    } catch (const Json::exception& e) {
        throw Error("broken checkpoint: " + quote(path, 200) + ": " + e.what());
    } catch (const std::logic_error&) {  // of stoull
        throw Error("broken checkpoint: " + quote(path, 200) +
                    ": its data fingerprint is no number");
    }
    return s;
}

void check_same_training(const TrainerState& saved, const TrainerState& now,
                         const std::string& folder) {
    if (saved.objective != now.objective) other(folder, saved.objective, now.objective);
    Json before = deciding(saved.options), after = deciding(now.options);
    for (const auto& [name, value] : before.items())
        if (value != after[name])
            other(folder, name + " = " + value.dump(), name + " = " + after[name].dump());
    if (saved.data != now.data || saved.sequences != now.sequences)
        other(folder, "other data (" + std::to_string(saved.sequences) + " sequences)",
              "these (" + std::to_string(now.sequences) + ")");
    if (saved.steps_total != now.steps_total)
        other(folder, std::to_string(saved.steps_total) + " steps",
              std::to_string(now.steps_total));
}

}  // namespace moonlet
