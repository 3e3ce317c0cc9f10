// SPDX-License-Identifier: Apache-2.0
// How a scripted model gives out its pieces: a native loop, as a network's is, so that Ctrl-C finds
// something that can return what there is. In Lua alone the interrupt would end the whole call.
#include <algorithm>
#include <chrono>
#include <thread>

#include "bindings/callback.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/interrupt.h"

namespace moonlet::bindings {

namespace {

// Slept in slices: the flag is looked at between them. False: interrupted.
bool wait(double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (!interrupt::requested()) {
        const double left = std::chrono::duration<double>(end - Clock::now()).count();
        if (left <= 0) return true;
        std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, 0.02)));
    }
    return false;
}

int play(lua_State* L) {
    interrupt::check_entry();
    const double delay = luaL_checknumber(L, 2);
    const LuaFunction on_text(L, 3);
    const int count = int(lua_objlen(L, 1));
    int given = 0;
    const char* ended = nullptr;
    while (given < count && !ended && wait(delay)) {
        ++given;
        on_text.call(1, [&] { return lua_rawgeti(L, 1, given), 1; });
        if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) ended = "callback";
        lua_pop(L, 1);
    }
    if (interrupt::requested()) {
        interrupt::deliver();
        ended = "interrupt";
    }
    lua_pushinteger(L, given);
    lua_pushstring(L, ended);
    return 2;
}

const bool registered = add_rows({
    {"_scripted.play", play, "pieces: string[], delay: number, on_text: function -> integer",
     "Hands each piece to on_text, delay seconds after the one before; how many, and why not all: "
     "\"interrupt\" or \"callback\".",
     ""},
});

}  // namespace

}  // namespace moonlet::bindings
