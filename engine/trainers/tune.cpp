// SPDX-License-Identifier: Apache-2.0
#include "trainers/tune.h"

#include "adapters/adapter.h"
#include "core/error.h"
#include "core/random.h"
#include "formats/safetensors.h"
#include "trainers/checkpoint.h"

namespace moonlet {

namespace {

constexpr const char* kNames[] = {"rank", "alpha", "dropout", "targets", "rslora", "adapter"};

bool is_lora(const TrainerOptions& options) { return options.tune == "lora"; }

Adapter& adapter_of(LanguageModel& model, const TrainerOptions& options) {
    return Adapters::of(*model.network).get(options.adapter);
}

// What was asked for must be what is there.
void check_same(const LoraConfig& there, const LoraConfig& wanted, const Json& given,
                const std::string& name) {
    auto differ = [&](const char* option, bool same) {
        if (given.contains(option) && !same)
            throw Error(std::string(option) + " = " + given[option].dump() + " for adapter " +
                            quote(name) + ", which is there with another",
                        "its own", "leave the option out, or give another adapter = name");
    };
    differ("rank", there.rank == wanted.rank);
    differ("alpha", there.alpha == wanted.alpha);
    differ("rslora", there.rslora == wanted.rslora);
    differ("targets", there.targets_text() == wanted.targets_text());
}

std::string name_of(const LanguageModel& given, const TrainerOptions& options) {
    if (!options.adapter.empty()) return options.adapter;
    const Adapters* set = Adapters::find(*given.network);
    const std::vector<std::string> on = set ? set->active() : std::vector<std::string>();
    if (on.size() > 1)
        throw Error("tune = \"lora\" on a model with " + std::to_string(on.size()) + " adapters on",
                    "adapter = the name of the one to train, or a new name");
    return on.empty() ? "lora" : on[0];
}

}  // namespace

void read_lora_options(const Json& given, TrainerOptions& o) {
    if (!is_lora(o)) {
        for (const char* name : kNames)
            if (given.contains(name) && !given[name].is_null())
                throw Error(std::string(name) + " with tune = \"" + o.tune + "\"",
                            "tune = \"lora\" for it");
        return;
    }
    LoraConfig& c = o.lora;
    read_option(given, "rank", c.rank);
    read_option(given, "alpha", c.alpha);
    read_option(given, "dropout", c.dropout);
    read_option(given, "rslora", c.rslora);
    read_option(given, "adapter", o.adapter);
    if (auto targets = given.find("targets"); targets != given.end() && !targets->is_null()) {
        c.all_linear = *targets == "all-linear";
        if (targets->is_array()) c.targets = targets->get<std::vector<std::string>>();
        else if (targets->is_string() && !c.all_linear) c.pattern = targets->get<std::string>();
    }
    c.check();
    o.lora_given = Json::object();
    for (const char* name : kNames)
        if (given.contains(name) && !given[name].is_null()) o.lora_given[name] = given[name];
}

Json lora_options_json(const TrainerOptions& o) {
    if (!is_lora(o)) return nullptr;
    const LoraConfig& c = o.lora;
    Json targets = c.all_linear        ? Json("all-linear")
                   : c.pattern.empty() ? Json(c.targets)
                                       : Json(c.pattern);
    return {{"rank", c.rank},     {"alpha", c.alpha},   {"dropout", c.dropout},
            {"rslora", c.rslora}, {"targets", targets}, {"adapter", o.adapter}};
}

std::shared_ptr<LanguageModel> tuned_model(const std::shared_ptr<LanguageModel>& given,
                                           TrainerOptions& o) {
    Adapters* set = Adapters::find(*given->network);
    if (!is_lora(o)) {
        if (const std::string kind = given->network->parameters().packed_kind(); !kind.empty())
            throw Error("tune = \"" + o.tune + "\" for " + kind + " weights",
                        "tune = \"lora\", which trains beside them",
                        "or load the model unquantised");
        if (set && !set->active().empty())
            throw Error("tune = \"" + o.tune + "\" with adapter " + quote(set->active()[0]) + " on",
                        "tune = \"lora\" to train the adapter",
                        "or switch it off with m:use(false), or m:merge() it first");
        return given;
    }
    o.adapter = name_of(*given, o);
    auto model = std::make_shared<LanguageModel>(*given);
    model->forget();
    model->network = share_model(*given->network);
    Adapters& own = Adapters::of(*model->network);
    if (set && set->has(o.adapter)) {
        check_same(set->get(o.adapter).config, o.lora, o.lora_given, o.adapter);
        Adapter& copy = own.copy(set->get(o.adapter));
        if (o.lora_given.contains("dropout")) copy.config.dropout = o.lora.dropout;
        copy.dropout->p = copy.config.dropout;
        o.lora = copy.config;
    } else {
        own.add(o.adapter, o.lora, o.seed, base_reference(given->folder));
    }
    own.use({{o.adapter, 1}});
    if (given->name != o.adapter) model->name = given->name + "+" + o.adapter;
    return model;
}

std::vector<NamedTensor> tuned_parameters(LanguageModel& model, const TrainerOptions& options) {
    std::vector<NamedTensor> result;
    const auto entries = is_lora(options) ? Adapters::tensors(adapter_of(model, options))
                                          : model.network->parameters().entries();
    for (const Parameters::Entry& entry : entries)
        if (at::isFloatingType(entry.tensor.scalar_type()))
            result.push_back({entry.name, entry.tensor});
    return result;
}

Tuning::Tuning(LanguageModel& model, const TrainerOptions& options, int step, int micro_batch)
    : model_(model), options_(options) {
    if (!is_lora(options)) return;
    Random random(options.seed ^ (uint64_t(step) << 32) ^ uint64_t(micro_batch));
    adapter_of(model, options).dropout->seed = random.next();
}

Tuning::~Tuning() {
    if (is_lora(options_)) adapter_of(model_, options_).dropout->seed.reset();
}

void save_tuned(LanguageModel& model, const TrainerOptions& options, const std::string& folder) {
    if (is_lora(options)) Adapters::of(*model.network).save(options.adapter, folder);
    else save_language_model(model, folder);
}

std::string tuned_file(const TrainerOptions& options) {
    return is_lora(options) ? "adapter_model.safetensors" : "model.safetensors";
}

std::map<std::string, at::Tensor> read_tuned(LanguageModel& model, const TrainerOptions& options,
                                             const std::string& folder) {
    const std::string path = folder + "/" + tuned_file(options);
    if (!is_lora(options)) return read_tensors(path);
    const Safetensors file = Safetensors::open(path);
    auto hash = file.metadata().find("base_hash");
    if (hash != file.metadata().end() && hash->second != adapter_of(model, options).base_hash)
        throw Error("cannot go on from " + quote(folder, 200) +
                        ": its adapter was trained over other weights",
                    "the same base model");
    return Adapters::of(*model.network).stored(options.adapter, folder);
}

}  // namespace moonlet
