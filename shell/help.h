// SPDX-License-Identifier: Apache-2.0
// What `?name`, `??name` and `:help` say. From the registry's rows first; what has no row (the
// user's own functions, Lua's library, objects) is described by what Lua knows of it. Runs no user
// code and loads no engine.
#pragma once

#include <string>

#include "shell/rows.h"
#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

// topic: "tokenizers.load", "Tokenizer:encode", "Tokenizer", a variable, "m:generate"; empty gives
// the overview. The text ends with a line break.
std::string help_text(lua_State* L, const SessionLocals& locals, Rows& rows,
                      const std::string& topic);

// What `??topic` says: its source (help_source.h), else the same as help_text.
std::string help_source(lua_State* L, const SessionLocals& locals, Rows& rows,
                        const std::string& topic);

// The text with lines of at most `width` columns: longer ones are broken at blanks, the rest stands
// under their first word, two columns in.
std::string wrapped(const std::string& text, int width);

}  // namespace moonlet
