// SPDX-License-Identifier: Apache-2.0
// Opens moonlet_base: the rows of this module. Shares the shell's interrupt flag when there is one.
#include <atomic>

#include "bindings/base/session.h"
#include "bindings/progress_line.h"
#include "bindings/row.h"
#include "core/interrupt.h"

extern "C" __attribute__((visibility("default"))) int luaopen_moonlet_base(lua_State* L) {
    using namespace moonlet;
    lua_getfield(L, LUA_REGISTRYINDEX, "moonlet.interrupt_flag");
    if (lua_islightuserdata(L, -1))
        interrupt::use(static_cast<std::atomic<int>*>(lua_touserdata(L, -1)));
    lua_pop(L, 1);
    bindings::show_progress();
    bindings::push_module(L);
    bindings::push_session(L);
    lua_setfield(L, -2, "session");
    return 1;
}
