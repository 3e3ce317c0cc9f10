// SPDX-License-Identifier: Apache-2.0
// What `??name` says: the Lua source of a function with its file and line or its entry's number,
// also of the stdlib's own; of what is native the signature, where it lives, and its example.
#pragma once

#include <string>

#include "shell/rows.h"

struct lua_State;

namespace moonlet {

// Of the function on the top of the stack (popped), called `topic`; empty when it is no Lua
// function or its text is not to be had.
std::string function_source(lua_State* L, const std::string& topic);

// Of a row: "" when its Lua source is not found.
std::string row_source(const HelpRow& row);

// The lines of comment right above line `line` (1-based) of a chunk, without their dashes.
std::string comment_above(const std::string& text, std::size_t line);

}  // namespace moonlet
