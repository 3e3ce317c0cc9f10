// SPDX-License-Identifier: Apache-2.0
// Adapters of a Model: opening, switching, merging, saving. Model:save stands here because what it
// writes depends on them.
#include "adapters/adapter.h"

#include <filesystem>

#include "bindings/convert.h"
#include "bindings/engine/adapter.h"
#include "bindings/engine/classes.h"
#include "bindings/engine/convert.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

namespace fs = std::filesystem;

std::shared_ptr<LanguageModel> self(lua_State* L) { return check<LanguageModel>(L, 1); }

std::string last_part(const std::string& folder) {
    const fs::path path = fs::path(folder).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// What was read under other adapters is worth nothing, and the model weighs something else.
void changed(lua_State* L, LanguageModel& model) {
    model.forget();
    set_proxy_bytes(L, 1, model.bytes());
}

void push_adapter(lua_State* L, const Adapter& a) {
    lua_createtable(L, 0, 12);
    auto text = [&](const char* name, const std::string& value) {
        push_string(L, value);
        lua_setfield(L, -2, name);
    };
    auto number = [&](const char* name, double value) {
        lua_pushnumber(L, value);
        lua_setfield(L, -2, name);
    };
    auto boolean = [&](const char* name, bool value) {
        lua_pushboolean(L, value);
        lua_setfield(L, -2, name);
    };
    text("name", a.name);
    text("targets", a.config.targets_text());
    text("base", a.base);
    number("rank", a.config.rank);
    number("alpha", a.config.alpha);
    number("dropout", a.config.dropout);
    number("parameters", double(a.parameters()));
    number("layers", double(a.layers.size()));
    number("weight", a.weight);
    boolean("rslora", a.config.rslora);
    boolean("active", a.weight != 0);
    boolean("merged", a.merged);
    boolean("other_base", a.other_base);
}

int adapters(lua_State* L) {
    auto model = self(L);
    lua_newtable(L);
    if (Adapters* set = Adapters::find(*model->network))
        for (size_t i = 0; i < set->list().size(); ++i) {
            push_adapter(L, *set->list()[i]);
            lua_rawseti(L, -2, int(i + 1));
        }
    return 1;
}

const OptionTable kLoadAdapterOptions = {
    {"name", "string", "the folder's name", "what it is called"},
    {"use", "boolean", "true", "switch to it alone; false leaves it off"},
};

int load_adapter(lua_State* L) {
    auto model = self(L);
    const std::string folder = check_string(L, 2);
    Json options = options_json(L, 3, kLoadAdapterOptions);
    std::string name = last_part(folder);
    bool on = true;
    read_option(options, "name", name);
    read_option(options, "use", on);
    Adapters& set = Adapters::of(*model->network);
    Adapter& adapter = set.load(name, folder);
    if (on) set.use({{name, 1}});
    changed(L, *model);
    push_adapter(L, adapter);
    return 1;
}

// A name, a list of names, or weights by name; nil and false are none.
std::vector<std::pair<std::string, double>> weights_at(lua_State* L, int index) {
    std::vector<std::pair<std::string, double>> result;
    if (lua_isnoneornil(L, index) || (lua_isboolean(L, index) && !lua_toboolean(L, index)))
        return result;
    if (!lua_istable(L, index)) return {{check_string(L, index), 1}};
    lua_pushnil(L);
    while (lua_next(L, index)) {
        // Copies: lua_tolstring on a key would confuse lua_next.
        if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TNUMBER) {
            size_t size = 0;
            const char* key = lua_tolstring(L, -2, &size);
            result.emplace_back(std::string(key, size), lua_tonumber(L, -1));
        } else if (lua_type(L, -2) == LUA_TNUMBER && lua_type(L, -1) == LUA_TSTRING) {
            result.emplace_back(check_string(L, lua_gettop(L)), 1);
        } else {
            throw Error("adapters in a table of another kind",
                        "a list of names, or weights by name: {a = 0.7, b = 0.3}");
        }
        lua_pop(L, 1);
    }
    return result;
}

int use(lua_State* L) {
    auto model = self(L);
    auto weights = weights_at(L, 2);
    if (!weights.empty() || Adapters::find(*model->network)) {
        Adapters::of(*model->network).use(weights);
        changed(L, *model);
    }
    lua_settop(L, 1);
    return 1;
}

Adapters& need_adapters(LanguageModel& model) {
    if (Adapters* set = Adapters::find(*model.network)) return *set;
    throw Error("model " + model.name + " has no adapters", "",
                "m:load_adapter opens one, and trainers with tune = \"lora\" make one");
}

int merge(lua_State* L) {
    auto model = self(L);
    std::vector<std::string> names;
    for (auto& [name, weight] : weights_at(L, 2)) names.push_back(name);
    need_adapters(*model).merge(names);
    changed(L, *model);
    lua_settop(L, 1);
    return 1;
}

int unmerge(lua_State* L) {
    auto model = self(L);
    need_adapters(*model).unmerge();
    changed(L, *model);
    lua_settop(L, 1);
    return 1;
}

int remove(lua_State* L) {
    auto model = self(L);
    need_adapters(*model).remove(check_string(L, 2));
    changed(L, *model);
    return 0;
}

const OptionTable kSaveOptions = {
    {"merged", "boolean", "false", "the whole model with what is on folded in; so with gguf"},
    {"adapter", "string", "the one that is on", "which adapter to write"},
    {"format", "\"hf\"|\"gguf\"", "by the path", "a folder, or one file"},
    {"type", "string", "the model's own",
     "of the weights: f32, f16, bf16; gguf also q8_0, q4_0, q4_1, q4_k, q6_k"},
    {"shard_bytes", "integer", "5000000000", "hf: beyond it, several weight files and an index"},
};

void refuse_folder(const std::string& folder, const char* file, const char* holds,
                   const char* wanted) {
    std::error_code ignored;
    if (fs::exists(fs::path(folder) / file, ignored))
        throw Error(quote(folder, 200) + " holds " + holds, wanted,
                    "both in one folder would be opened as another model");
}

int save(lua_State* L) {
    auto model = self(L);
    const std::string path = check_string(L, 2);
    Json options = options_json(L, 3, kSaveOptions);
    bool whole = false;
    std::string name;
    ExportOptions save;
    read_option(options, "merged", whole);
    read_option(options, "adapter", name);
    read_option(options, "format", save.format);
    read_option(options, "type", save.type);
    read_option(options, "shard_bytes", save.shard_bytes);
    if (is_gguf(path) || save.format == "gguf") whole = true;
    Adapters* set = Adapters::find(*model->network);
    const std::vector<std::string> on = set ? set->active() : std::vector<std::string>();
    if (whole && !name.empty())
        throw Error("m:save: adapter with a whole model", "one of them",
                    "m:use(name) switches to it, then save the model");
    if (whole || (name.empty() && on.empty())) {
        refuse_folder(path, "adapter_config.json", "an adapter",
                      "another folder for a whole model");
        LanguageModel copy = merged(*model);
        return push_exported(L, save_language_model(copy, path, save)), 1;
    }
    if (!save.format.empty() || !save.type.empty())
        throw Error("m:save: format or type for an adapter", "merged = true for a whole model");
    if (name.empty() && on.size() > 1)
        throw Error("m:save with " + std::to_string(on.size()) + " adapters on",
                    "{adapter = name} to write one, or {merged = true} to write all as one model");
    refuse_folder(path, "config.json", "a model", "another folder for an adapter");
    need_adapters(*model).save(name.empty() ? on[0] : name, path);
    return 0;
}

const bool registered = add_rows({
    {"Model:adapters", adapters, "-> AdapterList",
     "Its adapters: name, rank, alpha, targets, parameters, active, merged, base each.",
     "m:adapters()"},
    {"Model:load_adapter", load_adapter, "folder: string, opts?: LoadAdapterOptions -> table",
     "Opens a LoRA adapter in PEFT's layout and switches to it.", "", kLoadAdapterOptions},
    {"Model:use", use, "names?: string|table|boolean -> Model",
     "Switches adapters: a name, a list (their sum), weights by name, or false for the base alone.",
     "m:use(false)"},
    {"Model:merge", merge, "names?: string|string[] -> Model",
     "Folds adapters (those that are on) into the weights, rounded once; m:unmerge() takes it "
     "back.",
     ""},
    {"Model:unmerge", unmerge, "-> Model",
     "Takes back every merge: the weights are bit for bit those of before.", ""},
    {"Model:remove_adapter", remove, "name: string", "Forgets an adapter.", ""},
    {"Model:save", save, "path: string, opts?: SaveOptions -> Exported?",
     "Writes the adapter that is on, in PEFT's layout; without one, or with merged = true, the "
     "whole model: a Hugging Face folder (config, weights, tokenizer, templates, "
     "generation_config), or one GGUF file where the path ends in .gguf. Each file appears "
     "atomically.",
     "", kSaveOptions},
});

}  // namespace

LanguageModel merged(const LanguageModel& model) {
    LanguageModel copy = model;
    copy.forget();
    Adapters* set = Adapters::find(*model.network);
    const std::vector<std::string> on = set ? set->active() : std::vector<std::string>();
    if (on.empty()) return copy;
    copy.network = share_model(*model.network);
    Adapters& folded = Adapters::of(*copy.network);
    std::vector<std::pair<std::string, double>> weights;
    for (const std::string& name : on) {
        folded.copy(set->get(name));
        weights.emplace_back(name, set->get(name).weight);
    }
    folded.use(weights);
    folded.merge({});
    return copy;
}

std::shared_ptr<LanguageModel> load_adapted(const std::string& folder, const std::string& base,
                                            const LoadOptions& options) {
    auto model = load_language_model(base.empty() ? adapter_base(folder) : base, options);
    model->name = last_part(folder);
    Adapters& set = Adapters::of(*model->network);
    set.load(model->name, folder);
    set.use({{model->name, 1}});
    return model;
}

}  // namespace moonlet::bindings
