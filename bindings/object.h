// SPDX-License-Identifier: Apache-2.0
// Lua proxies of engine objects. A proxy is a userdata that shares the object's ownership; the same
// object is always the same Lua value (weak table per class); release() gives the object back early
// and every later use says so; the object's native bytes press on Lua's collector
// (memory_pressure.h). Methods live in one metatable per class, "moonlet.<Class>" in the Lua
// registry, which stdlib Lua may extend. Knows no class in particular.
#pragma once

#include <lua.hpp>

#include <memory>
#include <string>

namespace moonlet::bindings {

// Specialise for every class that Lua may hold:
//   template <> struct LuaClass<Tokenizer> {
//       static constexpr const char* kName = "Tokenizer";
//       static size_t bytes(const Tokenizer& t);
//   };
template <class T>
struct LuaClass;

struct Proxy {
    std::shared_ptr<void> owner;  // empty after release()
    size_t bytes = 0;
};

// Pushes the class's metatable, made on first use: __name, __gc, __methods (what stdlib extends and
// completion reads), __fields (functions of the object, read as object.field), __index over both.
void push_class(lua_State* L, const char* name);

void push_proxy(lua_State* L, const char* name, std::shared_ptr<void> owner, size_t bytes);
// Error: another type (with a hint to ':' when a method was called with '.'), or released.
Proxy& check_proxy(lua_State* L, int index, const char* name);
Proxy* test_proxy(lua_State* L, int index, const char* name);  // nullptr when it is something else
// Drops the object of the proxy at `index`, whatever its class; no effect the second time.
void release_proxy(lua_State* L, int index);
// Tells the collector that the object has grown or shrunk.
void set_proxy_bytes(lua_State* L, int index, size_t bytes);

template <class T>
void push(lua_State* L, const std::shared_ptr<T>& object) {
    if (!object) return lua_pushnil(L);
    push_proxy(L, LuaClass<T>::kName, object, LuaClass<T>::bytes(*object));
}

template <class T>
std::shared_ptr<T> check(lua_State* L, int index) {
    return std::static_pointer_cast<T>(check_proxy(L, index, LuaClass<T>::kName).owner);
}

template <class T>
std::shared_ptr<T> test(lua_State* L, int index) {
    Proxy* proxy = test_proxy(L, index, LuaClass<T>::kName);
    return proxy ? std::static_pointer_cast<T>(proxy->owner) : nullptr;
}

}  // namespace moonlet::bindings
