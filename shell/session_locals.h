// SPDX-License-Identifier: Apache-2.0
// Top-level locals that outlive their entry. Each entry is compiled inside
//     local a, b, keep return function(...) <entry> end
// with a, b the earlier locals it names; their upvalues are joined to the cells that the entries
// before left, so closures of both share one variable. After each of the entry's own top-level
// `local` statements ` keep(function(v) x = v end)` is inserted, which hands over a closure on the
// new variable's cell; it is never called, but without the assignment LuaJIT would take the
// variable for a constant and compile its value into later entries' traces. A local declared again
// gets a new cell: older closures keep theirs. Nothing is put into _G, and the number of locals is
// not limited; one entry can name about 50 of them.
//
// Expressions become `return pass(<entry>)`: without it a single call would be a tail call, and the
// entry missing in tracebacks. Also gives entries `_` and `_err` (cells the shell sets) and `_1`,
// `_2` … (copies of results).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

struct lua_State;

namespace moonlet {

class SessionLocals {
  public:
    // Must outlive every closure it compiled: one per state, destroyed after lua_close or never
    // used again.
    explicit SessionLocals(lua_State* L);

    // Pushes the function of the entry, ready to be called. `code` must compile by itself, with
    // `return` in front when it is an expression. On failure pushes nothing and returns what is
    // wrong. `push_result(n)` pushes result n and returns true, or pushes nothing and returns
    // false.
    std::string compile(const std::string& code, bool expression, const std::string& chunk_name,
                        const std::function<bool(long)>& push_result);

    // Pushes the value of a local; false (nothing pushed) when there is none.
    bool push(std::string_view name) const;
    std::vector<std::string> names() const;
    // Pushes the table name → closure on the cell.
    void push_table() const;

    // A new local, or a new cell of one, with the value on the top, which it pops.
    void define(const std::string& name);

    // Sets a cell of the shell's own (`_`, `_err`) to the value on the top, which it pops.
    void set(const char* name);

    // Names that stand before all others, until they are taken away: takes the table name → {value}
    // on the top. Entries see copies of the values.
    void set_overlay();
    void clear_overlay();

  private:
    lua_State* L_;
    int overlay_;  // registry reference; LUA_NOREF = none
    int table_;  // registry reference: name → closure whose upvalue 1 is the cell

    static int keep(lua_State* L);
    static int pass(lua_State* L);
    static std::string wrap(const std::string& code, bool expression,
                            const std::vector<std::string>& names);
    std::vector<std::string> used_names(const std::string& code,
                                        const std::function<bool(long)>& push_result) const;
    bool push_closure(std::string_view name) const;
    bool push_overlay(std::string_view name) const;
    bool push_function(std::string_view name) const;  // of the prompt: bench, time, last
};

}  // namespace moonlet
