// SPDX-License-Identifier: Apache-2.0
// trainers.<objective>: one row per registered objective, and the Trainer object. Data is a list of
// strings or of rows {text=} / {input_ids=}.
#include <cmath>

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
                        "a Dataset or a list of texts or rows {text=} or {input_ids=}"},
                       {"eval", "table|Dataset", "",
                        "rows held out: t:run() looks at them every eval_steps and at its end"}};
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
    Rows eval;
    lua_getfield(L, 1, "eval");
    if (!lua_isnil(L, -1)) eval = check_rows(L, lua_gettop(L));
    const Json options = options_json(L, 1, trainer_options(Objectives::get(objective).own()));
    push(L, Trainer::make(objective, model, rows, options, eval));
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
    if (std::isnan(r.eval_loss)) return;
    set("eval_loss", r.eval_loss);
    set("eval_accuracy", r.eval_accuracy);
}

int step(lua_State* L) {
    push_record(L, self(L)->step());
    return 1;
}

const OptionTable kRunOptions = {
    {"on_step", "function", "", "gets each step's record; returning false pauses"},
    {"plot", "boolean|string", "false",
     "draws the loss, or another column of t.history, in place while it trains"},
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
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        return run(L);
    }
    self(L)->resume(check_string(L, 2));
    return lua_pushboolean(L, self(L)->done()), 1;
}

int pause(lua_State* L) {
    self(L)->pause();
    return 0;
}

void set_number(lua_State* L, const char* name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

void set_text(lua_State* L, const char* name, const std::string& value) {
    push_string(L, value);
    lua_setfield(L, -2, name);
}

int evaluate(lua_State* L) {
    Rows rows;
    if (!lua_isnoneornil(L, 2)) rows = check_rows(L, 2);
    const Score score = self(L)->evaluate(rows);
    const double loss = score.loss / double(score.counted);
    lua_createtable(L, 0, 4);
    set_number(L, "loss", loss);
    set_number(L, "perplexity", std::exp(loss));
    set_number(L, "accuracy", double(score.correct) / double(score.counted));
    set_number(L, "counted", double(score.counted));
    return 1;
}

int estimate(lua_State* L) {
    const Estimate e = self(L)->estimate();
    lua_createtable(L, 0, 12);
    lua_createtable(L, int(e.memory.size()), 0);
    for (size_t i = 0; i < e.memory.size(); ++i) {
        lua_createtable(L, 0, 3);
        set_text(L, "name", e.memory[i].name);
        set_number(L, "bytes", e.memory[i].bytes);
        set_text(L, "what", e.memory[i].what);
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "memory");
    set_text(L, "moment", e.moment);
    set_number(L, "total_bytes", e.total_bytes);
    set_number(L, "free_bytes", e.free_bytes);
    set_number(L, "parameters", double(e.parameters));
    set_number(L, "trained", double(e.trained));
    set_number(L, "steps", e.steps);
    set_number(L, "tokens", double(e.tokens));
    set_number(L, "seconds", e.seconds);
    set_text(L, "seconds_by", e.seconds_by);
    return 1;
}

int data(lua_State* L) {
    const DataReport& d = self(L)->data();
    lua_createtable(L, 0, 6);
    set_number(L, "rows", double(d.rows));
    set_number(L, "cut", double(d.cut));
    set_number(L, "empty", double(d.empty));
    set_number(L, "tokens", double(d.tokens));
    set_number(L, "counted", double(d.counted));
    lua_createtable(L, int(d.notes.size()), 0);
    for (size_t i = 0; i < d.notes.size(); ++i) {
        push_string(L, d.notes[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "notes");
    return 1;
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
    std::snprintf(text, sizeof text, " · %s · step %d of %d · seed %.0f",
                  trainer->options().tune.c_str(), trainer->steps_done(), trainer->steps_total(),
                  double(trainer->options().seed));
    std::string line = "trainer " + trainer->model()->name + "   " + trainer->objective() + text;
    if (!records.empty()) {
        std::snprintf(text, sizeof text, " · loss %.4f · %.0f tok/s", records.back().loss,
                      records.back().tokens_per_second);
        line += text;
    }
    const DataReport& d = trainer->data();
    if (d.cut || d.empty) {
        std::snprintf(text, sizeof text,
                      "\n  %zu rows: %zu cut at max_length %d, %zu with nothing to train on",
                      d.rows, d.cut, trainer->options().max_length, d.empty);
        line += text;
    }
    for (const std::string& note : d.notes) line += "\n  " + note;
    return push_string(L, line), 1;
}

const bool registered = add_rows({
    {"Trainer:step", step, "-> table", "One optimizer step; its record (loss, lr, grad_norm, …).",
     ""},
    {"Trainer:run", run, "opts?: RunOptions -> boolean",
     "Steps until done (true) or until Ctrl-C or on_step pauses it (false); run again to go on.",
     "t:run{plot=true}", kRunOptions},
    {"Trainer:save", save, "folder: string", "Writes a checkpoint that resume continues exactly.",
     ""},
    {"Trainer:resume", resume, "folder?: string -> boolean",
     "Without a folder goes on as run does; with one stands where that checkpoint was, bit for "
     "bit.",
     ""},
    {"Trainer:pause", pause, "",
     "Called while run() is at work (from on_step): it returns after this step.", ""},
    {"Trainer:evaluate", evaluate, "rows?: table|Dataset -> table",
     "Mean loss, perplexity and accuracy on rows that are not trained on; default: eval's.",
     "t:evaluate({\"another text\"}).loss"},
    {"Trainer:estimate", estimate, "-> table",
     "Memory, time and tokens of this training before they are spent.", "print(t:estimate())"},
    {"Trainer:release", release, "", "Gives optimizer state back now.", ""},
    {"Trainer.history", history, "-> table", "The records of all steps so far.",
     "t.history[1].loss"},
    {"Trainer.data", data, "-> table",
     "What became of the rows: rows, cut, empty, tokens, counted, notes.", "t.data.counted"},
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
        add_rows({{full->c_str(), make, "opts: TrainerOptions -> Trainer",
                   Objectives::get(name).doc, Objectives::get(name).example, trainer_rows(name)}});
    }
}

}  // namespace moonlet::bindings
