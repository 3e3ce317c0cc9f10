// SPDX-License-Identifier: Apache-2.0
// string.find, match, gmatch and gsub of the sandbox. LuaJIT's own match in C, where no hook
// reaches them and a pattern can backtrack for years; these count their steps. What they build is
// counted against the sandbox's memory.
#include "bindings/base/sandbox.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/lua_pattern.h"

namespace moonlet::bindings {

namespace {

std::string_view text_at(lua_State* L, int index) {
    size_t size;
    const char* text = luaL_checklstring(L, index, &size);
    return {text, size};
}

// 0-based begin from Lua's 1-based, possibly negative `init`.
size_t start_at(lua_State* L, int index, size_t size) {
    lua_Integer init = luaL_optinteger(L, index, 1);
    if (init < 0) init = std::max<lua_Integer>(0, lua_Integer(size) + init);
    else if (init > 0) --init;
    return size_t(init);
}

// Finds; raises the pattern's faults as Lua errors, and a spent budget as the end of the run.
bool find_next(lua_State* L, std::string_view text, std::string_view pattern, size_t from,
               LuaPattern::Match& match) {
    Sandbox& box = sandbox_of(L);
    const char* failed = nullptr;
    bool found = false;
    try {
        found = LuaPattern(pattern, box.pattern_steps).find(text, from, match);
    } catch (const Error& e) {
        lua_pushstring(L, e.what());
        failed = lua_tostring(L, -1);
    }
    if (failed && box.pattern_steps == 0)
        sandbox_stop(L, "stopped: pattern matching takes too long");
    if (failed) luaL_error(L, "%s", failed);
    return found;
}

void push_capture(lua_State* L, std::string_view text, const LuaPattern::Capture& capture) {
    if (capture.position) lua_pushinteger(L, lua_Integer(capture.begin + 1));
    else lua_pushlstring(L, text.data() + capture.begin, capture.end - capture.begin);
}

// All captures, or the whole match where there is none; returns how many.
int push_captures(lua_State* L, std::string_view text, const LuaPattern::Match& match) {
    luaL_checkstack(L, int(match.captures.size()) + 1, "too many captures");
    if (match.captures.empty()) return push_capture(L, text, {match.begin, match.end, false}), 1;
    for (auto& capture : match.captures) push_capture(L, text, capture);
    return int(match.captures.size());
}

// A plain search whose worst case counts too.
size_t find_plain(lua_State* L, std::string_view text, std::string_view word, size_t from) {
    Sandbox& box = sandbox_of(L);
    for (size_t at = from; at + word.size() <= text.size(); ++at) {
        auto [a, b] = std::mismatch(word.begin(), word.end(), text.begin() + long(at));
        if (a == word.end()) return at;
        (void)b;
        uint64_t cost = 1 + uint64_t(a - word.begin()) / 16;
        if (box.pattern_steps < cost) sandbox_stop(L, "stopped: the search takes too long");
        box.pattern_steps -= cost;
    }
    return std::string_view::npos;
}

int find(lua_State* L) {
    std::string_view text = text_at(L, 1), pattern = text_at(L, 2);
    size_t from = start_at(L, 3, text.size());
    if (from > text.size()) return lua_pushnil(L), 1;
    if (lua_toboolean(L, 4)) {
        size_t at = find_plain(L, text, pattern, from);
        if (at == std::string_view::npos) return lua_pushnil(L), 1;
        lua_pushinteger(L, lua_Integer(at + 1));
        lua_pushinteger(L, lua_Integer(at + pattern.size()));
        return 2;
    }
    LuaPattern::Match match;
    if (!find_next(L, text, pattern, from, match)) return lua_pushnil(L), 1;
    lua_pushinteger(L, lua_Integer(match.begin + 1));
    lua_pushinteger(L, lua_Integer(match.end));
    return 2 + (match.captures.empty() ? 0 : push_captures(L, text, match));
}

int match(lua_State* L) {
    std::string_view text = text_at(L, 1), pattern = text_at(L, 2);
    size_t from = start_at(L, 3, text.size());
    LuaPattern::Match match;
    if (from > text.size() || !find_next(L, text, pattern, from, match)) return lua_pushnil(L), 1;
    return push_captures(L, text, match);
}

// Upvalues: text, pattern, where to go on. An anchor means nothing here, as in Lua 5.1.
int gmatch_next(lua_State* L) {
    std::string_view text = text_at(L, lua_upvalueindex(1)),
                     pattern = text_at(L, lua_upvalueindex(2));
    auto from = size_t(lua_tointeger(L, lua_upvalueindex(3)));
    LuaPattern::Match match;
    if (from > text.size() || !find_next(L, text, pattern, from, match)) return 0;
    lua_pushinteger(L, lua_Integer(match.end == match.begin ? match.end + 1 : match.end));
    lua_replace(L, lua_upvalueindex(3));
    return push_captures(L, text, match);
}

int gmatch(lua_State* L) {
    text_at(L, 1);
    text_at(L, 2);
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, gmatch_next, 3);
    return 1;
}

void append(lua_State* L, std::string& out, std::string_view piece) {
    Sandbox& box = sandbox_of(L);
    if (box.memory + 2 * (out.size() + piece.size()) > box.memory_limit)
        luaL_error(L, "not enough memory");
    out += piece;
}

// "%1", "%0", "%%" of a replacement text.
void append_replacement(lua_State* L, std::string& out, std::string_view text,
                        std::string_view with, const LuaPattern::Match& match) {
    for (size_t i = 0; i < with.size(); ++i) {
        if (with[i] != '%') {
            append(L, out, with.substr(i, 1));
            continue;
        }
        char c = ++i < with.size() ? with[i] : '\0';
        if (c < '0' || c > '9') {
            append(L, out, with.substr(std::min(i, with.size()), 1));
            continue;
        }
        LuaPattern::Capture capture{match.begin, match.end, false};
        size_t which = size_t(c - '1');
        if (c != '0' && which < match.captures.size()) capture = match.captures[which];
        else if (c != '0' && !(which == 0 && match.captures.empty()))
            luaL_error(L, "invalid capture index");
        push_capture(L, text, capture);
        append(L, out, text_at(L, -1));
        lua_pop(L, 1);
    }
}

void replace(lua_State* L, std::string& out, std::string_view text,
             const LuaPattern::Match& match) {
    int type = lua_type(L, 3);
    if (type == LUA_TSTRING || type == LUA_TNUMBER)
        return append_replacement(L, out, text, text_at(L, 3), match);
    if (type == LUA_TTABLE) {
        LuaPattern::Capture first{match.begin, match.end, false};
        push_capture(L, text, match.captures.empty() ? first : match.captures[0]);
        lua_gettable(L, 3);
    } else {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, text, match), 1);
    }
    if (!lua_toboolean(L, -1)) append(L, out, text.substr(match.begin, match.end - match.begin));
    else if (lua_isstring(L, -1)) append(L, out, text_at(L, -1));
    else luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    lua_pop(L, 1);
}

int gsub(lua_State* L) {
    std::string_view text = text_at(L, 1), pattern = text_at(L, 2);
    int type = lua_type(L, 3);
    luaL_argcheck(
        L,
        type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE || type == LUA_TFUNCTION,
        3, "string/function/table expected");
    lua_Number most = luaL_optnumber(L, 4, lua_Number(text.size() + 1));
    SandboxDepth depth(L);
    bool anchored = !pattern.empty() && pattern[0] == '^';
    std::string out;
    lua_Integer count = 0;
    size_t at = 0;
    LuaPattern::Match match;
    while (count < most && at <= text.size() && find_next(L, text, pattern, at, match)) {
        append(L, out, text.substr(at, match.begin - at));
        replace(L, out, text, match);
        ++count;
        at = match.end;
        if (match.end == match.begin) {
            if (at < text.size()) append(L, out, text.substr(at, 1));
            ++at;
        }
        if (anchored) break;
    }
    if (at < text.size()) append(L, out, text.substr(at));
    lua_pushlstring(L, out.data(), out.size());
    lua_pushinteger(L, count);
    return 2;
}

}  // namespace

void sandbox_strings(lua_State* L) {
    const luaL_Reg functions[] = {
        {"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}};
    for (auto& entry : functions) {
        lua_pushcfunction(L, entry.func);
        lua_setfield(L, -2, entry.name);
    }
    lua_pushnil(L);
    lua_setfield(L, -2, "gfind");
}

}  // namespace moonlet::bindings
