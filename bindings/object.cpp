// SPDX-License-Identifier: Apache-2.0
// Identity: each class's metatable holds a weak-valued table object address -> proxy. A proxy that
// the collector is about to finalise has already left that table, so an address reused by a new
// object never finds a dead proxy.
#include "bindings/object.h"

#include "bindings/memory_pressure.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

std::string class_key(const char* name) { return std::string("moonlet.") + name; }

void drop(lua_State* L, Proxy& proxy) {
    if (!proxy.owner) return;
    proxy.owner.reset();
    remove_native_bytes(L, proxy.bytes);
    proxy.bytes = 0;
}

int collect(lua_State* L) {
    auto* proxy = static_cast<Proxy*>(lua_touserdata(L, 1));
    drop(L, *proxy);
    proxy->~Proxy();
    return 0;
}

std::string type_name(lua_State* L, int index) {
    if (luaL_getmetafield(L, index, "__name")) {
        std::string name = lua_isstring(L, -1) ? lua_tostring(L, -1) : "";
        lua_pop(L, 1);
        if (!name.empty()) return name;
    }
    return luaL_typename(L, index);
}

// object.key: a method, else a field (its function is called with the object), else class's own
// __item for numbers; a name that is neither is an error that knows the nearest one.
int index_object(lua_State* L) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) return 1;
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(2));
    if (lua_isnil(L, -1) && lua_type(L, 2) == LUA_TNUMBER) luaL_getmetafield(L, 1, "__item");
    if (lua_isfunction(L, -1)) {
        lua_pushvalue(L, 1);
        if (lua_type(L, 2) == LUA_TNUMBER) lua_pushvalue(L, 2);
        lua_call(L, lua_type(L, 2) == LUA_TNUMBER ? 2 : 1, 1);
        return 1;
    }
    if (lua_type(L, 2) != LUA_TSTRING) return lua_pushnil(L), 1;
    std::string key = lua_tostring(L, 2);
    std::vector<std::string> names;
    for (int up : {1, 2})
        for (lua_pushnil(L); lua_next(L, lua_upvalueindex(up)); lua_pop(L, 1))
            if (lua_type(L, -2) == LUA_TSTRING) names.emplace_back(lua_tostring(L, -2));
    std::string near = nearest_name(key, names);
    throw Error("a " + type_name(L, 1) + " has no " + quote(key), "",
                near.empty() ? "see ?" + type_name(L, 1) : "did you mean \"" + near + "\"?");
}

}  // namespace

void push_class(lua_State* L, const char* name) {
    if (!luaL_newmetatable(L, class_key(name).c_str())) {
        lua_getfield(L, -1, "__gc");
        bool complete = !lua_isnil(L, -1);
        lua_pop(L, 1);
        if (complete) return;
    }
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_getfield(L, -1, "__methods");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, "__methods");
    }
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "__fields");
    lua_pushcclosure(L, guarded<index_object>, 2);  // (methods, fields)
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "__objects");
}

void push_proxy(lua_State* L, const char* name, std::shared_ptr<void> owner, size_t bytes) {
    void* address = owner.get();
    push_class(L, name);
    lua_getfield(L, -1, "__objects");
    lua_pushlightuserdata(L, address);
    lua_rawget(L, -2);
    if (lua_isuserdata(L, -1) && static_cast<Proxy*>(lua_touserdata(L, -1))->owner) {
        lua_replace(L, -3);
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    new (lua_newuserdata(L, sizeof(Proxy))) Proxy{std::move(owner), bytes};
    lua_pushvalue(L, -3);
    lua_setmetatable(L, -2);
    lua_pushlightuserdata(L, address);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_replace(L, -3);
    lua_pop(L, 1);
    add_native_bytes(L, bytes);
}

Proxy* test_proxy(lua_State* L, int index, const char* name) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return nullptr;
    luaL_getmetatable(L, class_key(name).c_str());
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? static_cast<Proxy*>(lua_touserdata(L, index)) : nullptr;
}

Proxy& check_proxy(lua_State* L, int index, const char* name) {
    Proxy* proxy = test_proxy(L, index, name);
    if (!proxy)
        throw Error("argument " + std::to_string(index) + " is a " + type_name(L, index),
                    std::string("a ") + name,
                    index == 1 ? "call methods with ':', as in object:method()" : "");
    if (!proxy->owner)
        throw Error(std::string("this ") + name + " has been released", "a live one",
                    "make or load it again");
    return *proxy;
}

void release_proxy(lua_State* L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !luaL_getmetafield(L, index, "__objects"))
        throw Error("argument 1 is a " + type_name(L, index), "an object",
                    "call it as object:release()");
    lua_pop(L, 1);
    drop(L, *static_cast<Proxy*>(lua_touserdata(L, index)));
}

void set_proxy_bytes(lua_State* L, int index, size_t bytes) {
    auto& proxy = *static_cast<Proxy*>(lua_touserdata(L, index));
    remove_native_bytes(L, proxy.bytes);
    proxy.bytes = bytes;
    add_native_bytes(L, bytes);
}

}  // namespace moonlet::bindings
