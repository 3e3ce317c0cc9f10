// SPDX-License-Identifier: Apache-2.0
// Finds the value a chain like `cfg.model` means without running any code: locals of the session,
// raw fields of _G and of tables, and metatables whose __index is a table. Shared by completion and
// help. Everything here is a read; a step that would need a function or a call ends the search.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

// Pushes the value and returns true, or pushes nothing. Chain: names divided by '.' or ':'.
bool push_chain(lua_State* L, const SessionLocals& locals, const std::vector<std::string>& chain);

// Does a variable of this name exist: a local of the session, a raw field of _G, a result `_3`, or
// a word that the shell itself knows (exit, quit)?
bool is_known_name(lua_State* L, const SessionLocals& locals, std::string_view name);
// The same without the shell's own words.
bool is_global_or_local(lua_State* L, const SessionLocals& locals, std::string_view name);
// Replaces the value on the top by its member of that name; pops it and returns false without one.
bool push_member(lua_State* L, const std::string& name);

// Raw __name of the value's metatable, "" without one. A `moonlet.` in front is left out.
std::string class_name(lua_State* L, int index);

struct Member {
    std::string name;
    bool function;
};

// String keys of a table and of the tables its metatable leads to (__index, and __methods beside
// an __index that is a function); of userdata the latter only. At most 20,000.
std::vector<Member> members_of(lua_State* L, int index);

// "a.b:c" → {"a", "b", "c"}; empty when it is no such chain.
std::vector<std::string> split_chain(std::string_view text);

}  // namespace moonlet
