// SPDX-License-Identifier: Apache-2.0
// Entries one after the other: parse, run, print, remember. Numbers them from 1; entry 3 is the
// chunk "(3)" in messages. Knows no terminal but its width and whether it shows colours.
//
// Results: `_` is the last result that is not nil and keeps it alive. `_n` is the first result of
// entry n: plain data (strings up to 1 MB, tables of at most 1,000 values without objects or
// functions) of the last 200 entries is kept, everything else weakly, so that no model or tensor
// stays in memory because it was once printed. `_err` is the last error: plain data, else its text.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "shell/binding_undo.h"
#include "shell/entry_record.h"
#include "shell/errors.h"
#include "shell/parse_state.h"
#include "shell/printer.h"
#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

struct Entry {
    std::string text;
    bool succeeded = false;
    EntryRecord record;
    bool undone = false;
    bool is_saved() const { return succeeded && !undone; }
};

struct RunTimes {
    double wall_seconds = 0, cpu_seconds = 0;
};

class Session {
  public:
    explicit Session(lua_State* L, bool color);
    ~Session();  // before lua_close
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Runs one entry and prints its values to stdout, its error to stderr. true = it succeeded.
    // pending_interrupt: Ctrl-C was already pressed for it.
    bool run(const std::string& text, bool pending_interrupt = false, RunTimes* times = nullptr);

    // Takes back what the last entry that worked or changed a name did to globals and locals; a
    // further call the one before it. restore_undone() does it again, until names change. Both
    // give what is to be said.
    std::string undo();
    std::string restore_undone();
    // What was changed outside of entries is nothing to undo.
    void forget_changes() { undo_.look(); }

    // Called before an entry runs, with its number, and when it has run.
    void before_entry(std::function<void(const std::string&, std::size_t)> listener) {
        early_listeners_.push_back(std::move(listener));
    }
    void after_entry(std::function<void(const Entry&, std::size_t)> listener) {
        listeners_.push_back(std::move(listener));
    }

    // Runs text that is no entry: it has no number, is not remembered and prints no values.
    bool run_aside(const std::string& text, const std::string& chunk_name);

    // Runs text with a frame of the last error open (post_mortem.h) and prints its values: no entry
    // either.
    void inspect(const std::string& text);

    // The next entry gets this number; those left out count as failed.
    void skip_to(std::size_t number);

    // What the functions `show` and `silent` of a saved session do: the count values from `first`
    // on the stack are the results of the running entry, and printed or not. May raise Lua errors.
    void take_values(int first, int count, bool print);

    // More lines are needed before run() makes sense.
    bool is_complete(const std::string& text) const;

    // The prompt in the global `name` (_PROMPT, _PROMPT2): a string, or a function that gives one.
    std::string prompt(const char* name, const char* otherwise);

    // Tells the stdlib too, and that someone is watching: answers stream.
    void set_width(int columns);
    int width() const { return width_; }
    bool color() const { return color_; }
    lua_State* lua() const { return L_; }
    SessionLocals& locals() { return locals_; }
    const std::vector<Entry>& entries() const { return entries_; }

  private:
    lua_State* L_;
    bool color_;
    int width_ = 80;
    SessionLocals locals_;
    std::vector<Entry> entries_;
    const EntryTexts entry_text_ = [this](std::size_t number) {
        return number >= 1 && number <= entries_.size() ? entries_[number - 1].text : "";
    };
    int kept_, weak_, print_;  // registry references: results, and the print of the start
    BindingUndo undo_;
    std::vector<std::size_t> undone_;  // numbers, the last one to be restored first
    std::vector<std::function<void(const std::string&, std::size_t)>> early_listeners_;
    std::vector<std::function<void(const Entry&, std::size_t)>> listeners_;
    mutable std::string shown_error_;
    long forgotten_ = 0;       // results up to this one are kept no more

    bool call(const ParsedEntry& entry, const std::string& chunk_name, bool pending_interrupt,
              RunTimes* times, EntryRecord& record);
    bool print_values(int first, int count);
    void show_failure();
    void remember(int first, int count);
    void remember_error(const std::string& text);
    bool push_result(long number) const;
    void show(const std::string& text) const;
};

}  // namespace moonlet
