// SPDX-License-Identifier: Apache-2.0
// What each entry changed of globals and of the session's locals, so that it can be taken back
// without running anything: names and what they stood for before. Tables changed in place stay
// changed. What the last entry replaced is kept as long as no other runs; of the entries before it
// (the last 20) plain data and functions are kept, everything else weakly, so that no model stays
// in memory because it once had a name.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

class BindingUndo {
  public:
    // is_plain: a C function of one argument, whether it is small plain data. Both must outlive it.
    BindingUndo(lua_State* L, SessionLocals& locals, int (*is_plain)(lua_State*));

    void look();                             // what has changed since the last entry is nobody's
    void begin();                            // before an entry runs
    void end(std::size_t number);            // when it has run
    bool changed(std::size_t number) const;  // it changed a name that the user gave

    struct Report {
        bool done = false;               // false: it is too long ago
        std::vector<std::string> names;  // "x is 1 again", "f is gone"
    };
    Report undo(std::size_t number);
    Report redo(std::size_t number);

  private:
    lua_State* L_;
    int functions_;  // registry reference: {begin=, finish=, changed=, undo=, redo=}

    bool call(const char* name, std::size_t number, int results) const;
    Report report(const char* name, std::size_t number);
};

}  // namespace moonlet
