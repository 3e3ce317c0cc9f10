// SPDX-License-Identifier: Apache-2.0
// Opens moonlet_base: rows of this module, and a few helpers that stdlib Lua needs and no user
// calls (field `internal`). Shares the shell's interrupt flag when there is one.
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cmath>

#include "bindings/convert.h"
#include "bindings/object.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/random.h"

namespace moonlet::bindings {

namespace {

// Sleeps in slices, so that Ctrl-C ends it: returns false when it did.
int sleep_seconds(lua_State* L) {
    double left = luaL_checknumber(L, 1);
    while (left > 0 && interrupt::flag().load() == 0) {
        double slice = std::fmin(left, 0.02);
        timespec t{0, long(slice * 1e9)};
        nanosleep(&t, nullptr);
        left -= slice;
    }
    lua_pushboolean(L, left <= 0);
    return 1;
}

int monotonic_seconds(lua_State* L) {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, double(t.tv_sec) + double(t.tv_nsec) * 1e-9);
    return 1;
}

int is_terminal(lua_State* L) {
    lua_pushboolean(L, isatty(int(luaL_checkinteger(L, 1))));
    return 1;
}

int seed(lua_State* L) {
    lua_pushnumber(L, double(draw_seed()));
    return 1;
}

int home(lua_State* L) {
    push_string(L, home_folder());
    return 1;
}

// A call that Ctrl-C ended says so here and returns what it has: true when there was a request.
int take_interrupt(lua_State* L) {
    bool requested = interrupt::requested();
    if (requested) interrupt::deliver();
    lua_pushboolean(L, requested);
    return 1;
}

int interrupted(lua_State* L) {
    lua_pushboolean(L, interrupt::requested());
    return 1;
}

const luaL_Reg kInternal[] = {{"sleep", sleep_seconds},
                              {"clock", monotonic_seconds},
                              {"isatty", is_terminal},
                              {"seed", seed},
                              {"home", home},
                              {"take_interrupt", take_interrupt},
                              {"interrupted", interrupted},
                              {nullptr, nullptr}};

}  // namespace

}  // namespace moonlet::bindings

extern "C" __attribute__((visibility("default"))) int luaopen_moonlet_base(lua_State* L) {
    using namespace moonlet;
    lua_getfield(L, LUA_REGISTRYINDEX, "moonlet.interrupt_flag");
    if (lua_islightuserdata(L, -1))
        interrupt::use(static_cast<std::atomic<int>*>(lua_touserdata(L, -1)));
    lua_pop(L, 1);
    bindings::push_module(L);
    lua_newtable(L);
    luaL_register(L, nullptr, bindings::kInternal);
    lua_setfield(L, -2, "internal");
    return 1;
}
