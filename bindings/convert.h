// SPDX-License-Identifier: Apache-2.0
// Lua values <-> C++ values. Tables with keys 1..n are arrays, others objects; an empty table is an
// object unless json.array made it. Objects that json.decode made keep their key order (metatable
// field __keys), plain Lua tables get their keys sorted, so that the same table always gives the
// same text. json.null is one table of its own. Cycles and functions are errors.
#pragma once

#include <lua.hpp>

#include <string>
#include <vector>

#include "core/json.h"
#include "core/options.h"

namespace moonlet::bindings {

Json to_json(lua_State* L, int index);
void push_json(lua_State* L, const Json& value);
// The same with objects that remember their key order, also for pairs(), as json.decode gives them.
void push_ordered_json(lua_State* L, const Json& value);
// The metatable of json.array ("array") and json.object ("object").
void push_json_kind(lua_State* L, const char* kind);

// What json.array, json.object and json.decode left in a table's metatable: "array", "object",
// "null" or "".
std::string marked_kind(lua_State* L, int index);
// A table's names in the order they are written: the remembered one first, the rest sorted.
// Error: other keys than strings; `numbers_too` passes over numbers instead.
std::vector<std::string> key_order(lua_State* L, int index, bool numbers_too = false);

// The options table at `index` (may be absent) as Json: plain values only; functions and objects
// stay in Lua and are read by the binding that wants them.
Json options_json(lua_State* L, int index, const OptionTable& rows);
// Refuses unknown names and wrong types in the table at `index`.
void check_lua_options(lua_State* L, int index, const OptionTable& rows, const std::string& where);

std::string check_string(lua_State* L, int index);
// A table of integers. Error names the first entry that is none.
std::vector<int> check_ids(lua_State* L, int index);
void push_ids(lua_State* L, const std::vector<int>& ids);
// A string or a table of strings.
std::vector<std::string> check_strings(lua_State* L, int index);
void push_string(lua_State* L, const std::string& text);

}  // namespace moonlet::bindings
