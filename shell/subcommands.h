// SPDX-License-Identifier: Apache-2.0
// `moonlet init`, `moonlet completions SHELL`, `moonlet man`: what the program does besides running
// Lua. The texts are made by the stdlib. A file of such a name in the current folder is a script.
#pragma once

#include <string>
#include <vector>

struct lua_State;

namespace moonlet {

bool is_subcommand(const std::string& word);

// words: the subcommand and its arguments. Returns the exit code.
int run_subcommand(lua_State* L, const std::vector<std::string>& words);

}  // namespace moonlet
