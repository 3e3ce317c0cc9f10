// SPDX-License-Identifier: Apache-2.0
#include "shell/plain_data.h"

#include <cstddef>

#include <lua.hpp>

namespace moonlet {
namespace {

constexpr std::size_t kKeptText = 1 << 20;

// Counts the value and what is in it down from *budget; false when it holds more, or anything that
// is not plain data.
bool is_plain_data(lua_State* L, int index, int* budget, int depth = 0) {
    if (--*budget < 0 || depth > 50) return false;
    switch (lua_type(L, index)) {
        case LUA_TNIL:
        case LUA_TBOOLEAN:
        case LUA_TNUMBER: return true;
        case LUA_TSTRING: return lua_objlen(L, index) <= kKeptText;
        case LUA_TTABLE: break;
        default: return false;
    }
    if (lua_getmetatable(L, index)) {
        lua_pop(L, 1);
        return false;
    }
    luaL_checkstack(L, 4, "value too deep");
    lua_pushnil(L);
    while (lua_next(L, index)) {
        int top = lua_gettop(L);
        if (!is_plain_data(L, top, budget, depth + 1) ||
            !is_plain_data(L, top - 1, budget, depth + 1)) {
            lua_pop(L, 2);
            return false;
        }
        lua_pop(L, 1);
    }
    return true;
}

}  // namespace

bool is_plain(lua_State* L, int index) {
    int budget = 1000;
    return is_plain_data(L, index, &budget);
}

}  // namespace moonlet
