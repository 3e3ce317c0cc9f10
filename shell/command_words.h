// SPDX-License-Identifier: Apache-2.0
// A :command written as if it were a function, `demo "a.lua"` or `time f()`: such a line means the
// command as long as its first word means nothing else to Lua. Runs nothing.
#pragma once

#include <string>
#include <string_view>

struct lua_State;

namespace moonlet {

class Session;

// ":name argument" for such a line, "" for any other.
std::string command_of_words(Session& session, const std::string& text);

// Functions that the prompt offers under names which are nobody's global or local: bench and time.
// The last pushes the function and returns true, or pushes nothing.
bool is_prompt_function(std::string_view name);
// The code calls `name` and does nothing else with it, such as giving it a value.
bool only_called(std::string_view code, std::string_view name);
bool push_prompt_function(lua_State* L, std::string_view name);

}  // namespace moonlet
