// SPDX-License-Identifier: Apache-2.0
#include "bindings/convert.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace moonlet::bindings {

std::string marked_kind(lua_State* L, int index) {
    std::string kind;
    if (luaL_getmetafield(L, index, "__jsontype")) {
        if (lua_type(L, -1) == LUA_TSTRING) kind = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return kind;
}

std::vector<std::string> key_order(lua_State* L, int index, bool numbers_too) {
    std::vector<std::string> keys, ordered;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            size_t n;
            const char* s = lua_tolstring(L, -1, &n);
            keys.emplace_back(s, n);
        } else if (lua_type(L, -1) == LUA_TNUMBER) {
            if (numbers_too) continue;
            throw Error("a table with both number and string keys, or with gaps",
                        "a list 1..n or names only");
        } else {
            throw Error(std::string("a table key of type ") + luaL_typename(L, -1), "strings");
        }
    }
    std::sort(keys.begin(), keys.end());
    if (!luaL_getmetafield(L, index, "__keys")) return keys;
    for (int i = 1;; ++i) {
        lua_rawgeti(L, -1, i);
        if (lua_type(L, -1) != LUA_TSTRING) break;
        std::string key = check_string(L, lua_gettop(L));
        auto at = std::lower_bound(keys.begin(), keys.end(), key);
        if (at != keys.end() && *at == key) {
            ordered.push_back(key);
            keys.erase(at);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    ordered.insert(ordered.end(), keys.begin(), keys.end());
    return ordered;
}

namespace {

constexpr int kMaxDepth = 200;

Json number(double value) {
    if (std::floor(value) == value && std::fabs(value) < 9.2e18) return Json(int64_t(value));
    return Json(value);
}

Json value_at(lua_State* L, int index, int depth);

Json array_at(lua_State* L, int index, size_t count, int depth) {
    Json result = Json::array();
    for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(L, index, int(i));
        result.push_back(value_at(L, lua_gettop(L), depth));
        lua_pop(L, 1);
    }
    return result;
}

// The table json.null (stdlib/null.lua), made here when C++ comes first.
void push_null(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "moonlet.null");
    if (!lua_isnil(L, -1)) return;
    lua_pop(L, 1);
    lua_newtable(L);
    push_json_kind(L, "null");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "moonlet.null");
}

Json table_at(lua_State* L, int index, int depth) {
    if (depth > kMaxDepth)
        throw Error("a table nested deeper than " + std::to_string(kMaxDepth) + " levels", "",
                    "does it contain itself?");
    luaL_checkstack(L, 8, "converting a table");
    std::string kind = marked_kind(L, index);
    if (kind == "null") return nullptr;
    size_t count = lua_objlen(L, index);
    if (kind == "array" || (kind.empty() && count > 0)) {
        size_t entries = 0;
        for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) ++entries;
        if (entries == count || kind == "array") return array_at(L, index, count, depth);
    }
    Json result = Json::object();
    for (const std::string& key : key_order(L, index)) {
        lua_pushlstring(L, key.data(), key.size());
        lua_rawget(L, index);
        result[key] = value_at(L, lua_gettop(L), depth);
        lua_pop(L, 1);
    }
    return result;
}

Json value_at(lua_State* L, int index, int depth) {
    switch (lua_type(L, index)) {
        case LUA_TNIL: return nullptr;
        case LUA_TBOOLEAN: return bool(lua_toboolean(L, index));
        case LUA_TNUMBER: return number(lua_tonumber(L, index));
        case LUA_TSTRING: return check_string(L, index);
        case LUA_TTABLE: return table_at(L, index, depth + 1);
        default:
            throw Error(std::string("a ") + luaL_typename(L, index),
                        "nil, booleans, numbers, strings or tables of them");
    }
}

bool plain(lua_State* L, int index) {
    int type = lua_type(L, index);
    return type != LUA_TFUNCTION && type != LUA_TUSERDATA && type != LUA_TTHREAD;
}

const OptionRow* find_row(const OptionTable& rows, const std::string& name) {
    for (const OptionRow& row : rows)
        if (name == row.name) return &row;
    return nullptr;
}

// Options whose row asks for plain Lua data; the others (functions, classes) are left alone.
bool wants_plain(const OptionRow& row) {
    std::string type = row.type;
    for (const char* word : {"boolean", "integer", "number", "string", "table", "\""})
        if (type.find(word) != std::string::npos) return true;
    return false;
}

bool names_class(const OptionRow& row) {
    const std::string type = "|" + std::string(row.type);
    for (size_t at = 0; (at = type.find('|', at)) != std::string::npos; ++at)
        if (std::isupper(static_cast<unsigned char>(type[at + 1]))) return true;
    return false;
}

// pairs() over a decoded object: its remembered keys first, then what was added since.
int ordered_next(lua_State* L) {
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    int position = int(lua_tointeger(L, lua_upvalueindex(2)));
    lua_rawgeti(L, 3, ++position);
    lua_pushinteger(L, position);
    lua_replace(L, lua_upvalueindex(2));
    if (lua_isnil(L, 4)) return 1;
    lua_pushvalue(L, 4);
    lua_rawget(L, 1);
    return 2;
}

int ordered_pairs(lua_State* L) {
    lua_settop(L, 1);
    lua_newtable(L);
    int count = 0;
    for (const std::string& key : key_order(L, 1)) {
        lua_pushlstring(L, key.data(), key.size());
        lua_rawseti(L, 2, ++count);
    }
    lua_pushvalue(L, 2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, ordered_next, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

void push_value(lua_State* L, const Json& value, bool ordered);

void push_object(lua_State* L, const Json& value, bool ordered) {
    lua_createtable(L, 0, int(value.size()));
    for (auto& [key, item] : value.items()) {
        push_string(L, key);
        push_value(L, item, ordered);
        lua_rawset(L, -3);
    }
    if (!ordered) return;
    lua_createtable(L, 0, 3);
    lua_pushliteral(L, "object");
    lua_setfield(L, -2, "__jsontype");
    lua_pushcfunction(L, ordered_pairs);
    lua_setfield(L, -2, "__pairs");
    lua_createtable(L, int(value.size()), 0);
    int i = 0;
    for (auto& entry : value.items()) {
        push_string(L, entry.key());
        lua_rawseti(L, -2, ++i);
    }
    lua_setfield(L, -2, "__keys");
    lua_setmetatable(L, -2);
}

void push_value(lua_State* L, const Json& value, bool ordered) {
    luaL_checkstack(L, 8, "pushing JSON");
    switch (value.type()) {
        case Json::value_t::boolean: return lua_pushboolean(L, value.get<bool>());
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float: return lua_pushnumber(L, value.get<double>());
        case Json::value_t::string: return push_string(L, value.get_ref<const std::string&>());
        case Json::value_t::array: {
            lua_createtable(L, int(value.size()), 0);
            int i = 0;
            for (const Json& item : value) {
                push_value(L, item, ordered);
                lua_rawseti(L, -2, ++i);
            }
            push_json_kind(L, "array");
            lua_setmetatable(L, -2);
            return;
        }
        case Json::value_t::object: return push_object(L, value, ordered);
        default: return push_null(L);
    }
}

}  // namespace

Json to_json(lua_State* L, int index) {
    if (index < 0) index = lua_gettop(L) + index + 1;
    return value_at(L, index, 0);
}

void push_json(lua_State* L, const Json& value) { push_value(L, value, false); }
void push_ordered_json(lua_State* L, const Json& value) { push_value(L, value, true); }

void push_json_kind(lua_State* L, const char* kind) {
    if (luaL_newmetatable(L, (std::string("moonlet.json.") + kind).c_str())) {
        lua_pushstring(L, kind);
        lua_setfield(L, -2, "__jsontype");
    }
}

Json options_json(lua_State* L, int index, const OptionTable& rows) {
    Json result = Json::object();
    if (!lua_istable(L, index)) return result;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !plain(L, lua_gettop(L))) continue;
        std::string name = check_string(L, lua_gettop(L) - 1);
        const OptionRow* row = find_row(rows, name);
        // a table where a class may stand, too, is for the binding: it may hold objects
        const bool objects = row && names_class(*row) && lua_istable(L, -1);
        if (row && wants_plain(*row) && !objects) result[name] = to_json(L, -1);
    }
    return result;
}

void check_lua_options(lua_State* L, int index, const OptionTable& rows, const std::string& where) {
    Json given = Json::object();
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            throw Error(where + ": options hold a list entry", "names and values",
                        "write {name = value}");
        std::string name = check_string(L, lua_gettop(L) - 1);
        const OptionRow* row = find_row(rows, name);
        int type = lua_type(L, -1);
        auto takes = [&](const char* word) { return row && std::strstr(row->type, word); };
        // "table|Dataset": one of the union is a class
        bool object = type == LUA_TUSERDATA && row && names_class(*row);
        if (!row) {
            given[name] = nullptr;  // check_options says which name was meant
        } else if (!wants_plain(*row) || object || (type == LUA_TTABLE && takes("table")) ||
                   (type == LUA_TFUNCTION && takes("function"))) {
            continue;  // a table is not looked through here: it may be a whole dataset
        } else if (plain(L, lua_gettop(L))) {
            given[name] = to_json(L, -1);
        } else {
            throw Error(where + ": option " + name + " is a " + lua_typename(L, type),
                        std::string(row->name) + ": " + row->type);
        }
    }
    check_options(given, rows, where);
}

std::string check_string(lua_State* L, int index) {
    size_t n = 0;
    const char* s = lua_tolstring(L, index, &n);
    if (!s) throw Error(std::string("a ") + luaL_typename(L, index), "a string");
    return std::string(s, n);
}

std::vector<int> check_ids(lua_State* L, int index) {
    std::vector<int> ids(lua_objlen(L, index));
    for (size_t i = 0; i < ids.size(); ++i) {
        lua_rawgeti(L, index, int(i + 1));
        double value = lua_tonumber(L, -1);
        if (!lua_isnumber(L, -1) || std::floor(value) != value)
            throw Error(
                "entry " + std::to_string(i + 1) + " of the ids is a " + luaL_typename(L, -1),
                "an integer");
        ids[i] = int(value);
        lua_pop(L, 1);
    }
    return ids;
}

void push_ids(lua_State* L, const std::vector<int>& ids) {
    lua_createtable(L, int(ids.size()), 0);
    for (size_t i = 0; i < ids.size(); ++i) {
        lua_pushinteger(L, ids[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
}

std::vector<std::string> check_strings(lua_State* L, int index) {
    if (lua_type(L, index) == LUA_TSTRING) return {check_string(L, index)};
    std::vector<std::string> result(lua_objlen(L, index));
    for (size_t i = 0; i < result.size(); ++i) {
        lua_rawgeti(L, index, int(i + 1));
        if (lua_type(L, -1) != LUA_TSTRING)
            throw Error(
                "entry " + std::to_string(i + 1) + " of the texts is a " + luaL_typename(L, -1),
                "a string");
        result[i] = check_string(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    return result;
}

void push_string(lua_State* L, const std::string& text) {
    lua_pushlstring(L, text.data(), text.size());
}

}  // namespace moonlet::bindings
