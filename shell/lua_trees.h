// SPDX-License-Identifier: Apache-2.0
// Where LuaRocks puts modules for Lua 5.1: the trees of the user, of /usr/local and of the system.
// LuaJIT's own defaults name the place it was built for instead.
#pragma once

struct lua_State;

namespace moonlet {

// Adds the trees behind package.path and package.cpath, unless LUA_PATH or LUA_CPATH says exactly
// where to look (has no ";;" in it). environment: those variables count.
void add_lua_trees(lua_State* L, bool environment);

}  // namespace moonlet
