// SPDX-License-Identifier: Apache-2.0
// The counters live in a userdata of the Lua registry, because both native modules share them.
#include "bindings/memory_pressure.h"

namespace moonlet::bindings {

namespace {

constexpr size_t kFirstLimit = size_t(128) << 20;
constexpr const char* kKey = "moonlet.native_bytes";

struct Counters {
    size_t bytes, limit;
};

Counters& counters(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, kKey);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        *static_cast<Counters*>(lua_newuserdata(L, sizeof(Counters))) = {0, kFirstLimit};
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, kKey);
    }
    auto* found = static_cast<Counters*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    return *found;
}

}  // namespace

void add_native_bytes(lua_State* L, size_t bytes) {
    Counters& c = counters(L);
    c.bytes += bytes;
    if (c.bytes <= c.limit) return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (c.bytes > c.limit / 10 * 8) c.limit = (c.bytes > c.limit ? c.bytes : c.limit) / 10 * 14;
}

void remove_native_bytes(lua_State* L, size_t bytes) {
    Counters& c = counters(L);
    c.bytes -= bytes < c.bytes ? bytes : c.bytes;
}

size_t native_bytes(lua_State* L) { return counters(L).bytes; }

}  // namespace moonlet::bindings
