// SPDX-License-Identifier: Apache-2.0
// A Lua function as something the engine may call: through lua_pcall, on the thread that owns the
// state. A failing callback ends the running engine call with CallbackError, and the trampoline
// raises the function's own error value again, whatever it was. One that Ctrl-C ended did not fail:
// it counts as having returned nil, and the engine call sees the request itself and returns what it
// has.
#pragma once

#include <lua.hpp>

#include "bindings/row.h"
#include "core/interrupt.h"

namespace moonlet::bindings {

// lua_pcall whose failure the shell has noted, frames and all, before they are gone: the function
// that the registry calls "moonlet.note_error", which leaves the error value as it is. Without one
// (another LuaJIT) it is lua_pcall.
inline int noted_pcall(lua_State* L, int arguments, int results) {
    const int base = lua_gettop(L) - arguments;
    lua_getfield(L, LUA_REGISTRYINDEX, "moonlet.note_error");
    const bool known = lua_iscfunction(L, -1);
    lua_insert(L, base);
    const int status = lua_pcall(L, arguments, results, known ? base : 0);
    lua_remove(L, base);
    return status;
}

class LuaFunction {
  public:
    // The function at `index` must stay on the stack while this lives; 0 = none.
    LuaFunction(lua_State* L, int index) : L_(L), index_(index) {}
    explicit operator bool() const { return index_ != 0; }

    // push_arguments pushes and returns how many; `results` values are left on the stack.
    template <class PushArguments>
    void call(int results, PushArguments push_arguments) const {
        luaL_checkstack(L_, 16, "calling a Lua function");
        lua_pushvalue(L_, index_);
        int arguments = push_arguments();
        if (noted_pcall(L_, arguments, results) == 0) return;
        if (!interrupt::requested()) throw CallbackError{luaL_ref(L_, LUA_REGISTRYINDEX)};
        lua_pop(L_, 1);
        for (int i = 0; i < results; ++i) lua_pushnil(L_);
    }

  private:
    lua_State* L_;
    int index_;
};

}  // namespace moonlet::bindings
