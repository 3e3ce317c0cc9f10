// SPDX-License-Identifier: Apache-2.0
// Rows are parsed once, when the module opens. The trampoline carries its parsed row as an upvalue.
// A Lua error inside a function passes the handlers below untouched (LuaJIT unwinds externally on
// x64), a C++ one is turned into text first and raised after the handler has been left.
#include "bindings/row.h"

#include <cctype>
#include <cstring>
#include <memory>
#include <new>

#include "bindings/convert.h"
#include "bindings/object.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

struct Param {
    std::string name, type;
    bool optional = false;
};

struct BoundRow {
    Row row;
    std::vector<Param> params;
    std::string result;
    bool method = false;
};

std::vector<std::unique_ptr<BoundRow>>& rows() {
    static std::vector<std::unique_ptr<BoundRow>> all;
    return all;
}

std::string trimmed(const std::string& s) {
    size_t a = s.find_first_not_of(' '), b = s.find_last_not_of(' ');
    return a == std::string::npos ? "" : s.substr(a, b - a + 1);
}

void parse_signature(BoundRow& bound) {
    std::string text = bound.row.signature;
    if (size_t arrow = text.find("->"); arrow != std::string::npos) {
        bound.result = trimmed(text.substr(arrow + 2));
        text = text.substr(0, arrow);
    }
    for (size_t at = 0; !trimmed(text.substr(at)).empty();) {
        size_t comma = text.find(',', at);
        std::string part =
            trimmed(text.substr(at, comma == std::string::npos ? comma : comma - at));
        size_t colon = part.find(':');
        Param param{trimmed(part.substr(0, colon)), trimmed(part.substr(colon + 1)), false};
        if (!param.name.empty() && param.name.back() == '?') {
            param.optional = true;
            param.name.pop_back();
        }
        bound.params.push_back(param);
        if (comma == std::string::npos) break;
        at = comma + 1;
    }
    // A class's methods and fields get the object first.
    bound.method = std::isupper(static_cast<unsigned char>(bound.row.name[0])) != 0;
}

std::string shown_signature(const BoundRow& bound) {
    std::string text = std::string(bound.row.name) + "(";
    for (const Param& p : bound.params)
        text += (text.back() == '(' ? "" : ", ") + p.name + (p.optional ? "?: " : ": ") + p.type;
    return text + ")";
}

// The first character decides most mistakes: is the value's Lua type one that `type` names?
bool matches(lua_State* L, int index, const std::string& type) {
    if (size_t bar = type.find('|'); bar != std::string::npos)
        return matches(L, index, type.substr(0, bar)) || matches(L, index, type.substr(bar + 1));
    int given = lua_type(L, index);
    if (type.size() > 2 && type.compare(type.size() - 2, 2, "[]") == 0) return given == LUA_TTABLE;
    if (type == "string") return given == LUA_TSTRING;
    if (type == "number" || type == "integer") return given == LUA_TNUMBER;
    if (type == "boolean") return given == LUA_TBOOLEAN;
    if (type == "function") return given == LUA_TFUNCTION || luaL_getmetafield(L, index, "__call");
    if (type == "table") return given == LUA_TTABLE;
    if (type == "any") return true;
    if (type.size() > 7 && type.compare(type.size() - 7, 7, "Options") == 0)
        return given == LUA_TTABLE;
    return given == LUA_TUSERDATA || given == LUA_TTABLE;  // a class: check<T> says more
}

void check_arguments(lua_State* L, const BoundRow& bound) {
    int first = bound.method ? 2 : 1, given = lua_gettop(L);
    if (bound.method && lua_type(L, 1) != LUA_TUSERDATA)
        throw Error(std::string(bound.row.name) + ": no object before the arguments",
                    shown_signature(bound), "call it with ':', as in object:method()");
    int limit = first + int(bound.params.size()) - 1;
    for (int i = first; i <= limit; ++i) {
        const Param& p = bound.params[size_t(i - first)];
        if (lua_isnoneornil(L, i)) {
            if (p.optional) continue;
            throw Error(std::string(bound.row.name) + ": argument " +
                            std::to_string(i - first + 1) + " (" + p.name + ") is missing",
                        shown_signature(bound));
        }
        int top = lua_gettop(L);
        bool fits = matches(L, i, p.type);
        lua_settop(L, top);
        if (!fits)
            throw Error(
                std::string(bound.row.name) + ": " + p.name + " is a " + luaL_typename(L, i),
                p.type, shown_signature(bound));
    }
    if (given > limit)
        throw Error(
            std::string(bound.row.name) + ": " + std::to_string(given - first + 1) + " arguments",
            shown_signature(bound));
    if (!bound.row.options.empty() && lua_istable(L, limit))
        check_lua_options(L, limit, bound.row.options, bound.row.name);
}

int checked_call(lua_State* L) {
    auto& bound = *static_cast<const BoundRow*>(lua_touserdata(L, lua_upvalueindex(1)));
    // No interrupt check here: after a partial result small calls (a field, a tostring) still have
    // to work, so that it can be assigned. Long operations check on entering.
    check_arguments(L, bound);
    return bound.row.call(L);
}

int trampoline(lua_State* L) {
    auto& bound = *static_cast<const BoundRow*>(lua_touserdata(L, lua_upvalueindex(1)));
    return call_guarded(L, bound.row.name, checked_call);
}

// "file:line: " of the first caller that is not stdlib's own Lua: the user's line.
void push_where(lua_State* L) {
    lua_Debug frame;
    for (int level = 1; lua_getstack(L, level, &frame); ++level) {
        lua_getinfo(L, "Sl", &frame);
        bool stdlib = std::strncmp(frame.short_src, "moonlet", 7) == 0 ||
                      std::strstr(frame.source, "/lua/moonlet/");
        if (frame.currentline > 0 && !stdlib) {
            lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

std::string plain_description(const std::exception& e) { return e.what(); }

void set_string(lua_State* L, const char* key, const std::string& value) {
    lua_pushlstring(L, value.data(), value.size());
    lua_setfield(L, -2, key);
}

void push_row(lua_State* L, const BoundRow& bound) {
    lua_newtable(L);
    set_string(L, "name", bound.row.name);
    set_string(L, "doc", bound.row.doc);
    set_string(L, "example", bound.row.example);
    set_string(L, "result", bound.result);
    lua_newtable(L);
    for (size_t i = 0; i < bound.params.size(); ++i) {
        lua_newtable(L);
        set_string(L, "name", bound.params[i].name);
        set_string(L, "type", bound.params[i].type);
        lua_pushboolean(L, bound.params[i].optional);
        lua_setfield(L, -2, "optional");
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "params");
    if (bound.row.options.empty()) return;
    lua_newtable(L);
    int i = 0;
    for (const OptionRow& option : bound.row.options) {
        lua_newtable(L);
        set_string(L, "name", option.name);
        set_string(L, "type", option.type);
        set_string(L, "default", option.default_value);
        set_string(L, "doc", option.doc);
        lua_rawseti(L, -2, ++i);
    }
    lua_setfield(L, -2, "options");
}

}  // namespace

std::string (*describe_exception)(const std::exception& e) = plain_description;

int call_guarded(lua_State* L, const char* name, lua_CFunction function) {
    int reference = LUA_NOREF;
    try {
        return function(L);
    } catch (const Interrupted&) {
        lua_pushliteral(L, "interrupted");
    } catch (const CallbackError& e) {
        reference = e.reference;
    } catch (const std::bad_alloc&) {
        lua_pushfstring(L, "%s: out of memory; release objects or use smaller sizes",
                        name ? name : "moonlet");
    } catch (const std::exception& e) {
        push_where(L);
        lua_pushstring(L, describe_exception(e).c_str());
        lua_concat(L, 2);
    }
    if (reference != LUA_NOREF) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
        luaL_unref(L, LUA_REGISTRYINDEX, reference);
    }
    // The function may have called Lua on another thread (StoredFunction). LuaJIT notes which
    // thread runs when one is entered and when a C function returns, not when it raises an error:
    // compiled code would go on in this thread and come out of its trace in the other one, a
    // crash. Entering this thread once more sets it right.
    lua_cpcall(L, [](lua_State*) { return 0; }, nullptr);
    return lua_error(L);
}

bool add_rows(std::vector<Row> more) {
    for (Row& row : more) {
        auto bound = std::make_unique<BoundRow>();
        bound->row = std::move(row);
        parse_signature(*bound);
        rows().push_back(std::move(bound));
    }
    return true;
}

void push_module(lua_State* L) {
    lua_newtable(L);
    lua_newtable(L);  // functions
    lua_newtable(L);  // rows
    int module = lua_gettop(L) - 2, index = 0;
    for (auto& bound : rows()) {
        push_row(L, *bound);
        lua_rawseti(L, module + 2, ++index);
        std::string name = bound->row.name;
        size_t border = name.find_first_of(":.");
        bool field = name[border] == '.' && std::isupper(static_cast<unsigned char>(name[0]));
        lua_pushlightuserdata(L, bound.get());
        lua_pushstring(L,
                       name.c_str() + border + 1);  // its own last name, for rows that share code
        lua_pushcclosure(L, trampoline, 2);
        if (name[border] == '.' && !field) {
            lua_setfield(L, module + 1, name.c_str());
            continue;
        }
        std::string method = name.substr(border + 1);
        push_class(L, name.substr(0, border).c_str());
        if (method.compare(0, 2, "__") != 0) {
            lua_getfield(L, -1, field ? "__fields" : "__methods");
            lua_replace(L, -2);
        }
        lua_insert(L, -2);
        lua_setfield(L, -2, method.c_str());
        lua_pop(L, 1);
    }
    lua_setfield(L, module, "rows");
    lua_setfield(L, module, "functions");
}

}  // namespace moonlet::bindings
