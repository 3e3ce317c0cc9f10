// SPDX-License-Identifier: Apache-2.0
#include "bindings/template_values.h"

#include <algorithm>
#include <memory>

#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "templates/template.h"

namespace moonlet::bindings {

namespace {

using jinja::Arguments;
using jinja::NamedArguments;
using jinja::Value;

constexpr int kMaxDepth = 200;

Value value_at(lua_State* L, int index, int depth);

// A place in Lua's registry, given back with the last copy.
struct Held {
    Held(lua_State* state, int index) : L(state) {
        lua_pushvalue(L, index);
        reference = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    ~Held() { luaL_unref(L, LUA_REGISTRYINDEX, reference); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    lua_State* L;
    int reference;
};

void push_value(lua_State* L, const Value& value) {
    if (value.is_undefined()) lua_pushnil(L);
    else push_ordered_json(L, value.to_json());
}

// Puts the stack back to where it was, however the call ends.
struct Rest {
    lua_State* L;
    int top;
    ~Rest() { lua_settop(L, top); }
};

Value call(const Held& function, const Arguments& args, const NamedArguments& kwargs) {
    lua_State* L = function.L;
    const Rest rest{L, lua_gettop(L)};
    luaL_checkstack(L, int(args.size()) + 16, "calling a Lua function");
    lua_rawgeti(L, LUA_REGISTRYINDEX, function.reference);
    for (const Value& value : args) push_value(L, value);
    if (!kwargs.empty()) {
        lua_createtable(L, 0, int(kwargs.size()));
        for (auto& [name, value] : kwargs) {
            push_value(L, value);
            lua_setfield(L, -2, name.c_str());
        }
    }
    const jinja::ClockPause paused;
    if (lua_pcall(L, int(args.size()) + (kwargs.empty() ? 0 : 1), 1, 0) != 0) {
        if (interrupt::requested()) throw Interrupted{};
        // A message gets the place in the template before it; any other value stays what it is.
        if (lua_type(L, -1) != LUA_TSTRING) throw CallbackError{luaL_ref(L, LUA_REGISTRYINDEX)};
        throw Error(check_string(L, lua_gettop(L)));
    }
    return value_at(L, lua_gettop(L), 0);
}

Value function_at(lua_State* L, int index) {
    auto held = std::make_shared<Held>(L, index);
    return Value::function("of Lua", [held](const Arguments& args, const NamedArguments& kwargs) {
        return call(*held, args, kwargs);
    });
}

bool has_metafield(lua_State* L, int index, const char* name) {
    if (!luaL_getmetafield(L, index, name)) return false;
    lua_pop(L, 1);
    return true;
}

// tostring(x), by the value's own __tostring.
Value text_at(lua_State* L, int index) {
    const Rest rest{L, lua_gettop(L)};
    luaL_getmetafield(L, index, "__tostring");
    lua_pushvalue(L, index);
    if (lua_pcall(L, 1, 1, 0) != 0) throw CallbackError{luaL_ref(L, LUA_REGISTRYINDEX)};
    return check_string(L, lua_gettop(L));
}

Value list_at(lua_State* L, int index, size_t count, int depth) {
    std::vector<Value> items;
    for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(L, index, int(i));
        items.push_back(value_at(L, lua_gettop(L), depth));
        lua_pop(L, 1);
    }
    return Value::list(std::move(items));
}

Value dict_at(lua_State* L, int index, int depth) {
    std::vector<double> numbers;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TNUMBER) numbers.push_back(lua_tonumber(L, -2));
    std::sort(numbers.begin(), numbers.end());
    std::vector<std::pair<Value, Value>> items;
    for (double number : numbers) {
        lua_pushnumber(L, number);
        Value key = value_at(L, lua_gettop(L), depth);
        lua_rawget(L, index);
        items.emplace_back(std::move(key), value_at(L, lua_gettop(L), depth));
        lua_pop(L, 1);
    }
    for (const std::string& name : key_order(L, index, true)) {
        push_string(L, name);
        lua_rawget(L, index);
        items.emplace_back(name, value_at(L, lua_gettop(L), depth));
        lua_pop(L, 1);
    }
    return Value::dict(std::move(items));
}

Value table_at(lua_State* L, int index, int depth) {
    if (depth > kMaxDepth)
        throw Error("a table nested deeper than " + std::to_string(kMaxDepth) + " levels", "",
                    "does it contain itself?");
    luaL_checkstack(L, 8, "converting a table");
    const std::string kind = marked_kind(L, index);
    if (kind == "null") return Value::none();
    if (kind.empty() && has_metafield(L, index, "__tostring")) return text_at(L, index);
    if (kind.empty() && has_metafield(L, index, "__call")) return function_at(L, index);
    const size_t count = lua_objlen(L, index);
    if (kind == "array") return list_at(L, index, count, depth);
    if (kind.empty() && count > 0) {
        size_t entries = 0;
        for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) ++entries;
        if (entries == count) return list_at(L, index, count, depth);
    }
    return dict_at(L, index, depth);
}

Value value_at(lua_State* L, int index, int depth) {
    switch (lua_type(L, index)) {
        case LUA_TNIL: return Value();
        case LUA_TBOOLEAN: return bool(lua_toboolean(L, index));
        case LUA_TNUMBER:
        case LUA_TSTRING: return Value::from_json(to_json(L, index));
        case LUA_TTABLE: return table_at(L, index, depth + 1);
        case LUA_TFUNCTION: return function_at(L, index);
        case LUA_TUSERDATA:
            if (has_metafield(L, index, "__tostring")) return text_at(L, index);
            break;
        default: break;
    }
    throw Error(std::string("a ") + luaL_typename(L, index) + " as a template's variable",
                "nil, booleans, numbers, strings, functions or tables of them");
}

}  // namespace

jinja::Value template_value(lua_State* L, int index) {
    if (index < 0) index = lua_gettop(L) + index + 1;
    return value_at(L, index, 0);
}

}  // namespace moonlet::bindings
