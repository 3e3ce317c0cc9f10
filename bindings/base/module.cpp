// SPDX-License-Identifier: Apache-2.0
// Opens moonlet_base: the rows of this module. Shares the shell's interrupt flag when there is one.
#include <atomic>
#include <cstdlib>

#include "bindings/base/session.h"
#include "bindings/progress_line.h"
#include "bindings/row.h"
#include "core/interrupt.h"

namespace {

// OpenMP's threads (LibTorch's) would spin for a while after each piece of work, on the very cores
// that the threads of our kernels (ops/cpu/pool.h) need next: decoding ran at two thirds of its
// speed. libgomp reads this when it is loaded, with the engine; whoever sets either variable keeps
// it.
void rest_between_work() {
    if (!std::getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "0", /*overwrite=*/0);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int luaopen_moonlet_base(lua_State* L) {
    using namespace moonlet;
    rest_between_work();
    lua_getfield(L, LUA_REGISTRYINDEX, "moonlet.interrupt_flag");
    if (lua_islightuserdata(L, -1))
        interrupt::use(static_cast<std::atomic<int>*>(lua_touserdata(L, -1)));
    lua_pop(L, 1);
    bindings::use_progress_sink(L);
    bindings::show_progress();
    bindings::push_module(L);
    bindings::push_session(L);
    lua_setfield(L, -2, "session");
    return 1;
}
