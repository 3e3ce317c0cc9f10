// SPDX-License-Identifier: Apache-2.0
#include "shell/stdlib_call.h"

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/errors.h"

namespace moonlet {
namespace {

// (module, function, arguments…) -> the function's first result. `require` is looked up raw: the
// user may have replaced the global.
int call_job(lua_State* L) {
    luaL_findtable(L, LUA_REGISTRYINDEX, "_LOADED", 16);
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_getglobal(L, "require");
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
    }
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    lua_replace(L, 2);
    lua_settop(L, lua_gettop(L) - 2);
    lua_call(L, lua_gettop(L) - 2, 1);
    return 1;
}

void push(lua_State* L, const StdlibValue& value) {
    if (auto* text = std::get_if<std::string>(&value)) {
        lua_pushlstring(L, text->data(), text->size());
    } else if (auto* number = std::get_if<double>(&value)) {
        lua_pushnumber(L, *number);
    } else {
        lua_pushboolean(L, std::get<bool>(value));
    }
}

}  // namespace

StdlibAnswer call_stdlib(lua_State* L, const std::string& module, const std::string& function,
                         const std::vector<StdlibValue>& arguments) {
    int base = lua_gettop(L);
    luaL_checkstack(L, static_cast<int>(arguments.size()) + 8, "too many arguments");
    lua_pushcfunction(L, call_job);
    push(L, "moonlet." + module);
    push(L, function);
    for (const StdlibValue& value : arguments) push(L, value);
    StdlibAnswer answer;
    int count = static_cast<int>(arguments.size()) + 2;
    CallStatus status = call_protected(L, count, 1, collect_error);
    reset_interrupt();
    if (status == CallStatus::ok) {
        answer.ok = true;
        answer.number = lua_tonumber(L, -1);
        answer.truth = lua_toboolean(L, -1);
        std::size_t size = 0;
        const char* text = lua_tolstring(L, -1, &size);
        if (text) answer.text.assign(text, size);
    } else {
        answer.text = status == CallStatus::interrupted ? "interrupted" : take_error(L, 80).message;
    }
    lua_settop(L, base);
    return answer;
}

}  // namespace moonlet
