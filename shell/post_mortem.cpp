// SPDX-License-Identifier: Apache-2.0
// Registry: moonlet.post_mortem = {frame, …}, moonlet.open_frame = number. A frame is
// {where=, names={…}, texts={…}, up={[i]=true}, kept={[i]=value}, weak={[i]=object}}; a value that
// is in none of the last two is nil, or what it was has gone.
#include "shell/post_mortem.h"

#include <set>

#include <lua.hpp>

#include "shell/lexer.h"
#include "shell/plain_data.h"
#include "shell/printer.h"
#include "shell/session_locals.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr const char* kFramesKey = "moonlet.post_mortem";
constexpr const char* kOpenKey = "moonlet.open_frame";
constexpr std::size_t kNames = 60;  // of one frame

// The frame's table is at `frame`; takes the value on the top.
void keep_value(lua_State* L, int frame, int number, const std::string& name, bool upvalue) {
    PrintLimits limits;
    limits.width = 1 << 20;
    limits.depth = 3;
    limits.items = 20;
    limits.total = 60;
    limits.text = 2000;
    limits.raw = true;
    int value = lua_gettop(L);
    std::string text = lua_type(L, value) == LUA_TSTRING
                           ? quote(lua_tostring(L, value), lua_objlen(L, value), limits.text)
                           : format_value(L, value, limits);
    auto put = [&](const char* list) {  // of what is on the top
        lua_getfield(L, frame, list);
        lua_insert(L, -2);
        lua_rawseti(L, -2, number);
        lua_pop(L, 1);
    };
    lua_pushstring(L, name.c_str());
    put("names");
    lua_pushlstring(L, text.data(), text.size());
    put("texts");
    lua_pushboolean(L, upvalue);
    put("up");
    bool plain = is_plain(L, value);
    // A weak table would keep a string for ever.
    if (!plain && lua_type(L, value) == LUA_TSTRING) return lua_pop(L, 1);
    put(plain ? "kept" : "weak");
}

void push_frame(lua_State* L, const std::string& where) {
    lua_createtable(L, 0, 6);
    lua_pushlstring(L, where.data(), where.size());
    lua_setfield(L, -2, "where");
    for (const char* list : {"names", "texts", "up", "kept", "weak"}) {
        lua_newtable(L);
        if (list[0] == 'w') {
            lua_createtable(L, 0, 1);
            lua_pushliteral(L, "v");
            lua_setfield(L, -2, "__mode");
            lua_setmetatable(L, -2);
        }
        lua_setfield(L, -2, list);
    }
}

void keep_names(lua_State* L, lua_Debug* frame) {
    int table = lua_gettop(L), number = 0;
    std::set<std::string> seen;
    std::vector<std::pair<std::string, int>> locals;
    for (int i = 1; const char* name = lua_getlocal(L, frame, i); ++i) {
        if (is_name(name)) locals.emplace_back(name, i);
        lua_pop(L, 1);
    }
    for (std::size_t k = 0; k < locals.size() && seen.size() < kNames; ++k) {
        bool hidden = false;  // by a later local of the same name
        for (std::size_t later = k + 1; later < locals.size(); ++later)
            hidden = hidden || locals[later].first == locals[k].first;
        if (hidden) continue;
        seen.insert(locals[k].first);
        lua_getlocal(L, frame, locals[k].second);
        keep_value(L, table, ++number, locals[k].first, false);
    }
    lua_getinfo(L, "f", frame);
    int function = lua_gettop(L);
    for (int i = 1; const char* given = lua_getupvalue(L, function, i); ++i) {
        std::string name = given;
        // The shell's own upvalues of an entry have a dot that no one types in their names.
        bool own = name.find("\xc2\xb7") != std::string::npos;
        if (own || !is_name(name) || seen.size() >= kNames || !seen.insert(name).second) {
            lua_pop(L, 1);
            continue;
        }
        keep_value(L, table, ++number, name, true);
    }
    lua_settop(L, table);
}

// Pushes frame `number`, or pushes nothing.
bool push_kept(lua_State* L, std::size_t number) {
    lua_getfield(L, LUA_REGISTRYINDEX, kFramesKey);
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, static_cast<int>(number));
        lua_remove(L, -2);
        if (lua_istable(L, -1)) return true;
    }
    lua_pop(L, 1);
    return false;
}

// Pushes name i's value; false (nil) when what it was has gone.
bool push_value(lua_State* L, int frame, int i) {
    for (const char* list : {"kept", "weak"}) {
        lua_getfield(L, frame, list);
        lua_rawgeti(L, -1, i);
        lua_remove(L, -2);
        if (!lua_isnil(L, -1)) return true;
        lua_pop(L, 1);
    }
    lua_pushnil(L);
    lua_getfield(L, frame, "texts");
    lua_rawgeti(L, -1, i);
    bool nil = std::string(lua_tostring(L, -1)) == "nil";
    lua_pop(L, 2);
    return nil;
}

}  // namespace

void keep_frames(lua_State* L, const Failure& failure, bool more) {
    if (opened_frame(L) > 0) return;
    int top = lua_gettop(L);
    luaL_checkstack(L, 20, "keeping frames");
    lua_getfield(L, LUA_REGISTRYINDEX, kFramesKey);
    if (!more || !lua_istable(L, -1)) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, kFramesKey);
    }
    int frames = lua_gettop(L);
    for (const ErrorFrame& frame : failure.frames) {
        lua_Debug record;
        push_frame(L, place_of(frame));
        if (lua_getstack(L, frame.level, &record)) keep_names(L, &record);
        lua_rawseti(L, frames, static_cast<int>(lua_objlen(L, frames)) + 1);
    }
    lua_settop(L, top);
}

std::vector<std::string> kept_frames(lua_State* L) {
    std::vector<std::string> places;
    for (std::size_t i = 1; push_kept(L, i); ++i) {
        lua_getfield(L, -1, "where");
        places.emplace_back(lua_tostring(L, -1));
        lua_pop(L, 2);
    }
    return places;
}

std::string frame_values(lua_State* L, std::size_t number, int width) {
    if (!push_kept(L, number)) return {};
    int frame = lua_gettop(L);
    std::string out;
    for (int i = 1;; ++i) {
        std::string line = "  ";
        bool more = true;
        for (const char* list : {"names", "texts"}) {
            lua_getfield(L, frame, list);
            lua_rawgeti(L, -1, i);
            more = more && lua_isstring(L, -1);
            if (more) line += (list[0] == 't' ? " = " : "") + std::string(lua_tostring(L, -1));
            lua_pop(L, 2);
        }
        if (!more) break;
        if (!push_value(L, frame, i)) line += " (no longer in memory)";
        lua_pop(L, 1);
        if (text_width(line) > width) line = fit_width(line, width - 1) + "…";
        out += line + "\n";
    }
    lua_pop(L, 1);
    return out.empty() ? "  (no locals)\n" : out;
}

void open_frame(lua_State* L, SessionLocals& locals, std::size_t number) {
    if (!push_kept(L, number)) return;
    int frame = lua_gettop(L);
    lua_newtable(L);
    lua_getfield(L, frame, "names");
    int count = static_cast<int>(lua_objlen(L, -1));
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, -1, i);
        lua_createtable(L, 1, 0);
        push_value(L, frame, i);
        lua_rawseti(L, -2, 1);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
    locals.set_overlay();
    lua_pop(L, 1);
    lua_pushinteger(L, static_cast<lua_Integer>(number));
    lua_setfield(L, LUA_REGISTRYINDEX, kOpenKey);
}

void close_frame(lua_State* L, SessionLocals& locals) {
    locals.clear_overlay();
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, kOpenKey);
}

std::size_t opened_frame(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, kOpenKey);
    auto number = static_cast<std::size_t>(lua_tointeger(L, -1));
    lua_pop(L, 1);
    return number;
}

}  // namespace moonlet
