// SPDX-License-Identifier: Apache-2.0
// The prompt: read an entry, run it, again. `:name` is a command, `?name` is help, the rest is Lua.
#pragma once

struct lua_State;

namespace moonlet {

// Returns when the user leaves. color: the option; the terminal may still have none.
void run_repl(lua_State* L, bool color);

}  // namespace moonlet
