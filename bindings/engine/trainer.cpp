// SPDX-License-Identifier: Apache-2.0
// trainers.<objective>: one row per registered objective, and the Trainer object. Data is a list of
// strings or of rows {text=} / {input_ids=}.
#include "bindings/callback.h"
#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/row.h"
#include "bindings/rows.h"
#include "core/error.h"
#include "core/progress.h"

namespace moonlet::bindings {

namespace {

std::shared_ptr<Trainer> self(lua_State* L) { return check<Trainer>(L, 1); }

OptionTable trainer_rows(const std::string& objective) {
    OptionTable rows = trainer_options(Objectives::get(objective).own());
    OptionTable own = {{"model", "Model", "", "what is trained, in place"},
                       {"data", "table|Dataset", "",
                        "a Dataset or a list of texts or rows {text=} or {input_ids=}"}};
    rows.insert(rows.begin(), own.begin(), own.end());
    return rows;
}

int make(lua_State* L) {
    // Which objective: the name behind "trainers." that this closure's row has.
    const std::string objective = lua_tostring(L, lua_upvalueindex(2));
    lua_getfield(L, 1, "model");
    if (lua_isnil(L, -1))
        throw Error("trainers." + objective + ": no model",
                    "model = a Model from models.load or new");
    auto model = check<LanguageModel>(L, lua_gettop(L));
    lua_getfield(L, 1, "data");
    Rows rows = check_rows(L, lua_gettop(L));
    push(L, Trainer::make(objective, model, rows,
                          options_json(L, 1, trainer_options(Objectives::get(objective).own()))));
    return 1;
}

void push_record(lua_State* L, const StepRecord& r) {
    lua_createtable(L, 0, 10);
    auto set = [&](const char* name, double value) {
        lua_pushnumber(L, value);
        lua_setfield(L, -2, name);
    };
    set("step", r.step);
    set("loss", r.loss);
    set("lr", r.lr);
    set("grad_norm", r.grad_norm);
    set("tokens", double(r.tokens));
    set("seconds", r.seconds);
    set("tokens_per_second", r.tokens_per_second);
    set("epoch", r.epoch);
    set("peak_bytes", double(r.peak_bytes));
}

int step(lua_State* L) {
    push_record(L, self(L)->step());
    return 1;
}

const OptionTable kRunOptions = {
    {"on_step", "function", "", "gets each step's record; returning false pauses"},
};

int run(lua_State* L) {
    auto trainer = self(L);
    int callback = 0;
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "on_step");
        if (!lua_isnil(L, -1)) callback = lua_gettop(L);
    }
    LuaFunction function(L, callback);
    auto on_step = [&](const StepRecord& record) {
        if (!callback) return true;
        function.call(1, [&] { return push_record(L, record), 1; });
        bool stop = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        lua_pop(L, 1);
        return !stop;
    };
    lua_pushboolean(L, trainer->run(on_step));
    report_progress({"", 1, 1, "", ""});  // the live line is gone when the prompt comes back
    return 1;
}

int history(lua_State* L) {
    auto trainer = self(L);
    const auto& records = trainer->history();
    lua_createtable(L, int(records.size()), 0);
    for (size_t i = 0; i < records.size(); ++i) {
        push_record(L, records[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int save(lua_State* L) {
    self(L)->save(check_string(L, 2));
    return 0;
}

int resume(lua_State* L) {
    self(L)->resume(check_string(L, 2));
    return 0;
}

int release(lua_State* L) {
    release_proxy(L, 1);
    return 0;
}

int model(lua_State* L) { return push(L, self(L)->model()), 1; }
int done(lua_State* L) { return lua_pushboolean(L, self(L)->done()), 1; }
int steps(lua_State* L) { return lua_pushinteger(L, self(L)->steps_done()), 1; }
int total_steps(lua_State* L) { return lua_pushinteger(L, self(L)->steps_total()), 1; }
int seed(lua_State* L) { return lua_pushnumber(L, double(self(L)->options().seed)), 1; }

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Trainer");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "trainer (released)"), 1;
    auto trainer = self(L);
    char text[200];
    const auto& records = trainer->history();
    std::snprintf(text, sizeof text, "trainer %s   %s · step %d of %d · seed %.0f",
                  trainer->model()->name.c_str(), trainer->options().tune.c_str(),
                  trainer->steps_done(), trainer->steps_total(), double(trainer->options().seed));
    std::string line = text;
    if (!records.empty()) {
        std::snprintf(text, sizeof text, " · loss %.4f · %.0f tok/s", records.back().loss,
                      records.back().tokens_per_second);
        line += text;
    }
    return push_string(L, line), 1;
}

const bool registered = add_rows({
    {"Trainer:step", step, "-> table", "One optimizer step; its record (loss, lr, grad_norm, …).",
     ""},
    {"Trainer:run", run, "opts?: RunOptions -> boolean",
     "Steps until done (true) or until Ctrl-C or on_step pauses it (false); run again to go on.",
     "", kRunOptions},
    {"Trainer:save", save, "folder: string", "Writes a checkpoint that resume continues exactly.",
     ""},
    {"Trainer:resume", resume, "folder: string", "Goes on from a checkpoint, bit for bit.", ""},
    {"Trainer:release", release, "", "Gives optimizer state back now.", ""},
    {"Trainer.history", history, "-> table", "The records of all steps so far.",
     "t.history[1].loss"},
    {"Trainer.model", model, "-> Model", "The model that is trained.", ""},
    {"Trainer.done", done, "-> boolean", "All planned steps are done.", ""},
    {"Trainer.steps", steps, "-> integer", "Steps done.", ""},
    {"Trainer.total_steps", total_steps, "-> integer", "Steps planned.", ""},
    {"Trainer.seed", seed, "-> integer", "The seed of order and dropout.", ""},
    {"Trainer:__tostring", describe, "-> string", "State in one line.", ""},
});

}  // namespace

// Objectives register themselves in the engine library; their rows are made when the module opens.
void add_objective_rows() {
    for (const std::string& name : Objectives::names()) {
        auto* full = new std::string("trainers." + name);  // rows keep plain pointers for good
        add_rows(
            {{full->c_str(), make, "opts: TrainerOptions -> Trainer", Objectives::get(name).doc,
              "t = trainers.cpt{model = m, data = {\"one text\"}, max_steps = 2}",
              trainer_rows(name)}});
    }
}

}  // namespace moonlet::bindings
