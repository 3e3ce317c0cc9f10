// SPDX-License-Identifier: Apache-2.0
// Lua's collector sees a proxy as a few bytes. Here the native bytes behind all proxies of a state
// are counted, and a full collection runs when they pass a soft limit: 128 MB at first, raised by
// 40 % when a collection leaves it more than 80 % full, so that live data costs no repeated
// collections (the rule of Torch7's heap tracking). Never collects inside a finaliser.
#pragma once

#include <lua.hpp>

#include <cstddef>

namespace moonlet::bindings {

void add_native_bytes(lua_State* L, size_t bytes);     // may run the collector
void remove_native_bytes(lua_State* L, size_t bytes);  // never does
size_t native_bytes(lua_State* L);

}  // namespace moonlet::bindings
