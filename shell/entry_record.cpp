// SPDX-License-Identifier: Apache-2.0
#include "shell/entry_record.h"

#include <cstdio>
#include <cstring>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/output_tee.h"

namespace moonlet {
namespace {

// LuaJIT keeps the generator's words in a userdata that is an upvalue of math.random. Pushes it, or
// nothing.
bool push_random(lua_State* L) {
    int base = lua_gettop(L);
    lua_pushliteral(L, "math");
    lua_rawget(L, LUA_GLOBALSINDEX);
    if (lua_istable(L, -1)) {
        lua_pushliteral(L, "random");
        lua_rawget(L, -2);
        if (lua_iscfunction(L, -1) && lua_getupvalue(L, -1, 1) && lua_isuserdata(L, -1) &&
            lua_objlen(L, -1) == 32) {
            lua_replace(L, base + 1);
            lua_settop(L, base + 1);
            return true;
        }
    }
    lua_settop(L, base);
    return false;
}

std::string field(lua_State* L, const char* name) {
    lua_getfield(L, -1, name);
    std::string text = lua_tostring(L, -1) ? lua_tostring(L, -1) : "";
    lua_pop(L, 1);
    return text;
}

// Protected: asks moonlet.replay what was drawn and opened, once the base module is there.
int take_job(lua_State* L) {
    auto* record = static_cast<EntryRecord*>(lua_touserdata(L, 1));
    luaL_findtable(L, LUA_REGISTRYINDEX, "_LOADED", 16);
    lua_getfield(L, -1, "moonlet_base");
    if (!lua_istable(L, -1)) return 0;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.replay");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "take");
    lua_call(L, 0, 2);
    if (lua_isnumber(L, -2)) {
        char text[32];
        std::snprintf(text, sizeof text, "%.0f", lua_tonumber(L, -2));
        record->seeds = text;
    }
    if (!lua_istable(L, -1)) return 0;
    for (int i = 1;; ++i) {
        lua_rawgeti(L, -1, i);
        if (!lua_istable(L, -1)) return 0;
        record->opened.push_back({field(L, "name"), field(L, "path"), field(L, "stamp")});
        lua_pop(L, 1);
    }
}

}  // namespace

std::string random_state(lua_State* L) {
    if (!push_random(L)) return {};
    std::string state(static_cast<const char*>(lua_touserdata(L, -1)), 32);
    lua_pop(L, 1);
    return state;
}

void set_random_state(lua_State* L, const std::string& state) {
    if (state.size() != 32 || !push_random(L)) return;
    std::memcpy(lua_touserdata(L, -1), state.data(), 32);
    lua_pop(L, 1);
}

void begin_record(lua_State* L, EntryRecord& record) {
    record.random_before = random_state(L);
    begin_output();
}

void end_record(lua_State* L, EntryRecord& record) {
    record.output = take_output();
    record.random_after = random_state(L);
    int base = lua_gettop(L);
    lua_pushcfunction(L, take_job);
    lua_pushlightuserdata(L, &record);
    call_protected(L, 1, 0, nullptr);
    reset_interrupt();
    lua_settop(L, base);
}

}  // namespace moonlet
