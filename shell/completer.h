// SPDX-License-Identifier: Apache-2.0
// Completion at the cursor: finds out what stands there and asks the sources for it. It never runs
// user code: tables are read raw, metamethods are not called, members of objects come from their
// metatables and the registry's rows. It prints nothing, whatever fails.
#pragma once

#include <string>
#include <vector>

#include "shell/completion.h"
#include "shell/completion_place.h"
#include "shell/render.h"
#include "shell/rows.h"
#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

class Completer {
  public:
    Completer(lua_State* L, const SessionLocals& locals, Rows& rows,
              std::vector<CommandName> commands);

    // An error inside (memory) gives no candidates.
    Completion complete(const std::string& text, std::size_t cursor);

    // What is known of a candidate: signature and doc of its row; "" = nothing.
    std::string describe(const Candidate& candidate);

    // What the call at the end of the text wants, as rows of that width; none outside of a call.
    std::vector<Row> hint(const std::string& text, std::size_t width, bool color);

  private:
    lua_State* L_;
    const SessionLocals& locals_;
    Rows& rows_;
    std::vector<CommandName> commands_;
};

}  // namespace moonlet
