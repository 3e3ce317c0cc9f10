// SPDX-License-Identifier: Apache-2.0
// Completion at the cursor. It never runs user code: tables are read raw, metamethods are not
// called, members of objects come from their metatables and the registry's rows. Contexts:
// `:command`, `?name`, `t["key`, a path in a string, option names in `f{` and `m:f(x, {`, members
// behind a dot or colon, names.
#pragma once

#include <string>
#include <vector>

#include "shell/completion.h"
#include "shell/lexer.h"
#include "shell/rows.h"
#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

class Completer {
  public:
    Completer(lua_State* L, const SessionLocals& locals, Rows& rows,
              std::vector<std::string> commands);

    // An error inside (memory) gives no candidates.
    Completion complete(const std::string& text, std::size_t cursor);

  private:
    lua_State* L_;
    const SessionLocals& locals_;
    Rows& rows_;
    std::vector<std::string> commands_;

    struct Place;  // the text before the cursor, taken apart
    void run(Place& place);
    void special(Place& place);
    void string(Place& place);
    void members(Place& place, const std::vector<std::string>& chain, bool method);
    void options(Place& place);
    void names(Place& place);
    static int protected_run(lua_State* L);
};

}  // namespace moonlet
