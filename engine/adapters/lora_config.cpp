// SPDX-License-Identifier: Apache-2.0
#include "adapters/lora_config.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

#include "core/error.h"
#include "models/model.h"

namespace moonlet {

namespace {

constexpr size_t kLongestPattern = 1000;

std::regex regex_of(const std::string& pattern) {
    if (pattern.size() > kLongestPattern)
        throw Error("a pattern of " + std::to_string(pattern.size()) + " characters",
                    "at most " + std::to_string(kLongestPattern));
    try {
        return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& e) {
        throw Error("pattern " + quote(pattern, 200) + ": " + e.what(), "a regular expression");
    }
}

// peft's get_pattern_key: re.match(rf"(.*\.)?({key})$", path).
template <class T>
T from_pattern(const std::vector<std::pair<std::string, T>>& patterns, const std::string& path,
               T otherwise) {
    for (const auto& [pattern, value] : patterns)
        if (std::regex_match(path, regex_of("(?:.*\\.)?(?:" + pattern + ")"))) return value;
    return otherwise;
}

// Fields that change nothing about A and B on Linear layers, whatever they hold.
const std::set<std::string> kHarmless = {
    "peft_type",      "peft_version",     "auto_mapping",        "base_model_name_or_path",
    "revision",       "task_type",        "inference_mode",      "r",
    "lora_alpha",     "lora_dropout",     "use_rslora",          "target_modules",
    "fan_in_fan_out", "exclude_modules",  "layers_to_transform", "layers_pattern",
    "rank_pattern",   "alpha_pattern",    "megatron_core",       "megatron_config",
    "loftq_config",   "eva_config",       "corda_config",        "lora_ga_config",
    "runtime_config", "qalora_group_size"};

// Inits that leave A random and B zero, or were written after their base was restored.
const std::set<std::string> kKnownInits = {"gaussian", "eva", "orthogonal"};

bool empty(const Json& value) {
    return value.is_null() || value == false ||
           ((value.is_structured() || value.is_string()) && (value.empty() || value == ""));
}

void refuse_variants(const Json& j, const std::string& where) {
    if (j.value("peft_type", Json("LORA")) != "LORA")
        throw Error("peft_type " + j["peft_type"].dump() + " in " + where, "\"LORA\"");
    const Json init = j.value("init_lora_weights", Json(true));
    if (init.is_string() && !kKnownInits.count(init.get<std::string>()))
        throw Error("init_lora_weights " + quote(init.dump()) + " in " + where,
                    "an adapter over unchanged base weights",
                    "save it with peft's path_initial_model_for_weight_conversion");
    if (j.value("bias", Json("none")) != "none")
        throw Error("bias " + quote(j["bias"].dump()) + " in " + where, "\"none\"",
                    "trained biases are not supported; merge the adapter with peft");
    // Heads are trained whole; peft names both, whichever the model has.
    const Json modules = j.value("modules_to_save", Json());
    const bool heads =
        modules.is_array() && std::all_of(modules.begin(), modules.end(), [](const Json& m) {
            return m.is_string() && is_classifier_name(m.get<std::string>());
        });
    for (const auto& [key, value] : j.items())
        if (!(heads && key == "modules_to_save") && !kHarmless.count(key) &&
            key != "init_lora_weights" && key != "bias" && !empty(value))
            throw Error(key + " = " + quote(value.dump()) + " in " + where,
                        "plain LoRA on linear layers",
                        "this needs more than A and B; merge the adapter with peft");
}

template <class T>
std::vector<std::pair<std::string, T>> pattern_list(const Json& j, const char* name) {
    std::vector<std::pair<std::string, T>> result;
    if (auto found = j.find(name); found != j.end() && found->is_object())
        for (const auto& [key, value] : found->items())
            result.emplace_back(key, value.template get<T>());
    return result;
}

}  // namespace

void LoraConfig::check() const {
    if (rank < 1) throw Error("LoRA rank " + std::to_string(rank), "1 or more");
    if (!std::isfinite(alpha)) throw Error("LoRA alpha that is no number");
    if (!(dropout >= 0 && dropout < 1))
        throw Error("LoRA dropout " + std::to_string(dropout), "0 or more, below 1");
    if (!pattern.empty()) regex_of(pattern);
    for (const auto& item : rank_pattern) {
        regex_of(item.first);
        if (item.second < 1)
            throw Error("rank_pattern " + quote(item.first) + " = " + std::to_string(item.second),
                        "1 or more");
    }
    for (const auto& item : alpha_pattern) regex_of(item.first);
}

bool LoraConfig::targets_module(const std::string& path, bool head) const {
    // As peft counts: experts are no layers of their own there, so only names given one by one
    // reach them.
    if (all_linear) return !head && path.find(".experts.") == std::string::npos;
    if (!pattern.empty()) return std::regex_match(path, regex_of(pattern));
    return std::any_of(targets.begin(), targets.end(), [&](const std::string& end) {
        return path == end || (path.size() > end.size() &&
                               path.compare(path.size() - end.size(), end.size(), end) == 0 &&
                               path[path.size() - end.size() - 1] == '.');
    });
}

int LoraConfig::rank_of(const std::string& path) const {
    return from_pattern(rank_pattern, path, rank);
}

double LoraConfig::scale_of(const std::string& path) const {
    const double r = rank_of(path);
    return from_pattern(alpha_pattern, path, alpha) / (rslora ? std::sqrt(r) : r);
}

std::string LoraConfig::targets_text() const {
    if (all_linear) return "all-linear";
    if (!pattern.empty()) return pattern;
    std::string text;
    for (const std::string& target : targets) text += (text.empty() ? "" : ", ") + target;
    return text;
}

LoraConfig lora_config(const Json& j, const std::string& where) {
    if (!j.is_object()) throw Error(where + " is no JSON object");
    refuse_variants(j, where);
    LoraConfig c;
    try {
        auto read = [&](const char* name, auto& out) {
            if (auto found = j.find(name); found != j.end() && !found->is_null())
                found->get_to(out);
        };
        read("r", c.rank);
        read("lora_alpha", c.alpha);
        read("lora_dropout", c.dropout);
        read("use_rslora", c.rslora);
        c.rank_pattern = pattern_list<int>(j, "rank_pattern");
        c.alpha_pattern = pattern_list<double>(j, "alpha_pattern");
        const Json targets = j.value("target_modules", Json());
        c.all_linear = targets == "all-linear";
        if (targets.is_array()) c.targets = targets.get<std::vector<std::string>>();
        else if (targets.is_string() && !c.all_linear) c.pattern = targets.get<std::string>();
    } catch (const Json::exception& e) {
        throw Error("a field of another type in " + where + ": " + e.what());
    }
    c.check();
    c.file = j;
    return c;
}

Json adapter_config(const LoraConfig& c, const std::vector<std::string>& targets, bool transposed,
                    const std::string& base, bool causal) {
    Json j = {{"alpha_pattern", Json::object()},
              {"auto_mapping", nullptr},
              {"base_model_name_or_path", nullptr},
              {"bias", "none"},
              {"fan_in_fan_out", transposed},
              {"inference_mode", true},
              {"init_lora_weights", true},
              {"layers_pattern", nullptr},
              {"layers_to_transform", nullptr},
              {"lora_alpha", c.alpha},
              {"lora_dropout", c.dropout},
              {"modules_to_save", nullptr},
              {"peft_type", "LORA"},
              {"r", c.rank},
              {"rank_pattern", Json::object()},
              {"revision", nullptr},
              {"target_modules", targets},
              {"task_type", causal ? Json("CAUSAL_LM") : Json("FEATURE_EXTRACTION")},
              {"use_dora", false},
              {"use_rslora", c.rslora}};
    if (c.alpha == std::floor(c.alpha)) j["lora_alpha"] = int64_t(c.alpha);  // an integer to peft
    for (const auto& [pattern, value] : c.rank_pattern) j["rank_pattern"][pattern] = value;
    for (const auto& [pattern, value] : c.alpha_pattern) j["alpha_pattern"][pattern] = value;
    // What it was read from keeps what we do not decide, its way of naming the layers included.
    if (c.file.is_object()) {
        for (const auto& [key, value] : c.file.items())
            if (!j.contains(key) || key == "task_type" || key == "target_modules" ||
                key == "layers_to_transform" || key == "layers_pattern" || key == "revision")
                j[key] = value;
    }
    if (!base.empty()) j["base_model_name_or_path"] = base;
    else if (c.file.is_object() && c.file.contains("base_model_name_or_path"))
        j["base_model_name_or_path"] = c.file["base_model_name_or_path"];
    return j;
}

}  // namespace moonlet
