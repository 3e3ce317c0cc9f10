// SPDX-License-Identifier: Apache-2.0
#include "shell/error_frames.h"

#include <cstring>
#include <map>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/error_hint.h"
#include "shell/error_sites.h"

namespace moonlet {
namespace {

constexpr std::size_t kFirst = 12, kLast = 10;  // frames kept of a deep stack
constexpr int kDeepest = 250;                   // levels counted at all
constexpr const char* kEntriesKey = "moonlet.entry_texts";
constexpr const char* kChunksKey = "moonlet.chunk_texts";

constexpr const char* kNative = " (C++)";

// "Dataset:map (C++)", "string.rep" of the C function on the top, which is popped; "" when it is in
// no module and no class.
std::string c_function_name(lua_State* L) {
    int function = lua_gettop(L);
    std::string found;
    auto search = [&](const std::string& owner, const char* divider) {  // the table on the top
        for (lua_pushnil(L); found.empty() && lua_next(L, -2); lua_pop(L, 1)) {
            if (lua_type(L, -2) == LUA_TSTRING && lua_rawequal(L, -1, function))
                found = owner + (owner.empty() ? "" : divider) + lua_tostring(L, -2);
        }
        if (!found.empty()) lua_pop(L, 1);  // the key at which the loop stopped
    };
    luaL_checkstack(L, 16, "names of functions");
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    if (lua_istable(L, -1)) {
        for (lua_pushnil(L); found.empty() && lua_next(L, -2); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1)) continue;
            std::string name = lua_tostring(L, -2);
            if (name == "moonlet") {
                for (lua_pushnil(L); found.empty() && lua_next(L, -2); lua_pop(L, 1)) {
                    if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1)) continue;
                    lua_pushvalue(L, -1);
                    search(lua_tostring(L, -3), ".");
                    lua_pop(L, 1);
                }
                if (!found.empty()) found += kNative;
            } else if (name.rfind("moonlet", 0) != 0) {
                search(name == "_G" ? "" : name, ".");
            }
        }
    }
    lua_settop(L, function);
    for (lua_pushnil(L); found.empty() && lua_next(L, LUA_REGISTRYINDEX); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1)) continue;
        std::string name = lua_tostring(L, -2);
        if (name.rfind("moonlet.", 0) != 0) continue;
        lua_pushliteral(L, "__methods");
        lua_rawget(L, -2);
        if (lua_istable(L, -1)) search(name.substr(8), ":");
        if (!found.empty()) found += kNative;
        lua_pop(L, 1);
    }
    lua_settop(L, function - 1);
    return found;
}

// An entry is what the shell itself has called: below it there is nothing.
bool is_entry(lua_State* L, const lua_Debug& frame, int level) {
    lua_Debug below;
    if (frame.short_src[0] != '(' || frame.short_src[1] < '0' || frame.short_src[1] > '9')
        return false;
    bool main = lua_pushthread(L);
    lua_pop(L, 1);
    return main && !lua_getstack(L, level + 1, &below);
}

std::string describe(lua_State* L, lua_Debug& frame, int level) {
    if (frame.what[0] == 'C') {
        lua_getinfo(L, "f", &frame);
        std::string name = c_function_name(L);
        if (name.empty()) name = frame.name ? frame.name : "a built-in function";
        return "in " + name;
    }
    if (is_entry(L, frame, level)) return "in entry " + std::string(frame.short_src);
    if (frame.name && *frame.name && *frame.name != '?')
        return "in function '" + std::string(frame.name) + "'";
    if (frame.what[0] == 'm' || frame.linedefined == 0) return "in main chunk";
    return "in function <" + std::string(frame.short_src) + ":" +
           std::to_string(frame.linedefined) + ">";
}

bool raises_only(const lua_Debug& frame) {
    return frame.what[0] == 'C' && frame.name &&
           (!std::strcmp(frame.name, "error") || !std::strcmp(frame.name, "assert"));
}

// The stub that opens a library on first use, and C functions that nothing of Lua's called.
bool passes_on(const lua_Debug& frame) {
    std::string source = frame.source;
    bool init =
        source == "@moonlet/init.lua" ||
        (source.size() > 16 && source.compare(source.size() - 16, 16, "/stdlib/init.lua") == 0);
    return init || (frame.what[0] == 'C' && !(frame.name && *frame.name));
}

void place(const Site& site, const std::string& text, ErrorFrame& frame) {
    std::size_t from = line_begin(text, frame.line);
    if (from == std::string_view::npos) return;
    std::size_t to = from + frame.text.size();
    std::size_t begin = std::max(site.begin, from), end = std::min(site.end, to);
    if (begin < end) frame.begin = begin - from, frame.end = end - from;
}

}  // namespace

std::string place_of(const ErrorFrame& frame) {
    std::string where = frame.chunk;
    if (frame.line > 0) where += ":" + std::to_string(frame.line);
    return where + (where.empty() ? "" : ": ") + frame.what;
}

Failure examine_failure(lua_State* L, int level, const std::string& message) {
    Failure failure;
    std::map<std::string, std::string> texts;
    lua_Debug frame, callee;
    bool has_callee = false;
    int deepest = level;
    while (deepest < kDeepest && lua_getstack(L, deepest, &frame)) ++deepest;
    for (; lua_getstack(L, level, &frame); ++level) {
        std::size_t count = failure.frames.size();
        bool deep = static_cast<std::size_t>(deepest - level) > kLast && count >= kFirst;
        if (deep || level >= kDeepest + static_cast<int>(kLast)) {
            failure.left_out_at = kFirst;
            ++failure.left_out;
            has_callee = false;
            continue;
        }
        lua_getinfo(L, "Snl", &frame);
        bool show = !passes_on(frame) && !(failure.frames.empty() && raises_only(frame));
        ErrorFrame out;
        out.level = level;
        if (frame.what[0] != 'C') {
            out.chunk = frame.short_src;
            if (frame.currentline > 0) out.line = static_cast<std::size_t>(frame.currentline);
        }
        if (out.line > 0 && show) {
            auto [known, fresh] = texts.try_emplace(frame.source);
            if (fresh) known->second = chunk_text(L, frame.source);
            const std::string& text = known->second;
            out.text = line_text(text, out.line);
            FrameSites sites{L, &frame, sites_of_line(text, out.line), text};
            Site site;
            bool found = false;
            if (has_callee) {
                found = find_call(sites, &callee, &site);
                if (found && failure.hint.empty())
                    failure.hint = hint_of_call(sites, &callee, site);
            } else if (failure.frames.empty()) {
                found = find_operation(sites, message, &site, &failure.message);
                if (found) failure.hint = hint_of_operation(sites, site);
            }
            if (found) place(site, text, out);
        }
        if (show) {
            out.what = describe(L, frame, level);
            failure.frames.push_back(std::move(out));
        }
        callee = frame;
        has_callee = true;
    }
    return failure;
}

std::string chunk_text(lua_State* L, const std::string& source) {
    std::string text;
    if (source.size() < 2) return text;
    if (source[0] == '@') return source_text(source.substr(1));
    if (source[0] != '=') return source;  // loadstring's chunks are called by their text
    std::size_t number = 0;
    if (source[1] == '(') number = std::strtoul(source.c_str() + 2, nullptr, 10);
    if (number > 0) {
        lua_getfield(L, LUA_REGISTRYINDEX, kEntriesKey);
        auto* entries = static_cast<const EntryTexts*>(lua_touserdata(L, -1));
        if (entries) text = (*entries)(number);
        lua_pop(L, 1);
        return text;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, kChunksKey);
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, source.c_str());
        if (lua_isstring(L, -1)) text = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return text;
}

void set_entry_texts(lua_State* L, const EntryTexts* texts) {
    if (texts) {
        lua_pushlightuserdata(L, const_cast<EntryTexts*>(texts));
    } else {
        lua_pushnil(L);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, kEntriesKey);
}

void keep_chunk_text(lua_State* L, const std::string& source, const std::string& text) {
    lua_getfield(L, LUA_REGISTRYINDEX, kChunksKey);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, kChunksKey);
    }
    lua_pushlstring(L, text.data(), text.size());
    lua_setfield(L, -2, source.c_str());
    lua_pop(L, 1);
}

}  // namespace moonlet
