// SPDX-License-Identifier: Apache-2.0
// A Lua function that an engine object keeps beyond the call that brought it (a filter that looks
// at rows when they are asked for). It runs on a Lua thread of its own, so that it does not matter
// which coroutine made it and which one asks; the registry holds both until the last copy goes,
// which must be before the Lua state does.
#pragma once

#include <lua.hpp>

#include <memory>
#include <string>

#include "bindings/callback.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet::bindings {

class StoredFunction {
  public:
    StoredFunction(lua_State* L, int index) : held_(std::make_shared<Held>()) {
        lua_pushvalue(L, index);
        held_->function = luaL_ref(L, LUA_REGISTRYINDEX);
        held_->thread = lua_newthread(L);
        held_->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    }

    // push_arguments(thread) pushes and returns how many, use(thread) reads the one result at -1
    // and may throw. Error: the function's own message; an error value that is no string arrives
    // as it is.
    template <class PushArguments, class Use>
    auto call(PushArguments push_arguments, Use use) const {
        lua_State* T = held_->thread;
        const Rest rest{T, lua_gettop(T)};
        luaL_checkstack(T, 16, "calling a Lua function");
        lua_rawgeti(T, LUA_REGISTRYINDEX, held_->function);
        if (noted_pcall(T, push_arguments(T), 1) != 0) {
            if (interrupt::requested()) throw Interrupted{};
            if (lua_type(T, -1) != LUA_TSTRING) throw CallbackError{luaL_ref(T, LUA_REGISTRYINDEX)};
            throw Error(lua_tostring(T, -1));
        }
        return use(T);
    }

  private:
    struct Held {
        lua_State* thread = nullptr;
        int reference = LUA_NOREF, function = LUA_NOREF;
        ~Held() {
            luaL_unref(thread, LUA_REGISTRYINDEX, function);
            luaL_unref(thread, LUA_REGISTRYINDEX, reference);
        }
    };
    struct Rest {  // the thread's stack is left as it was found
        lua_State* thread;
        int top;
        ~Rest() { lua_settop(thread, top); }
    };
    std::shared_ptr<Held> held_;
};

}  // namespace moonlet::bindings
