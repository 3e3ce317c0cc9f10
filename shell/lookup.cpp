// SPDX-License-Identifier: Apache-2.0
#include "shell/lookup.h"

#include <unordered_set>

#include <lua.hpp>

#include "shell/command_words.h"
#include "shell/lexer.h"

namespace moonlet {
namespace {

constexpr int kMaxSteps = 10;  // metatables behind each other
constexpr std::size_t kMaxMembers = 20000;

// Replaces the value on the top by the tables its metatable leads to: pushes up to two, returns how
// many. The value itself is popped.
int push_parents(lua_State* L) {
    if (!lua_getmetatable(L, -1)) {
        lua_pop(L, 1);
        return 0;
    }
    lua_remove(L, -2);
    int meta = lua_gettop(L), pushed = 0;
    for (const char* field : {"__index", "__methods"}) {
        lua_pushstring(L, field);
        lua_rawget(L, meta);
        if (lua_istable(L, -1)) {
            ++pushed;
        } else {
            lua_pop(L, 1);
        }
    }
    lua_remove(L, meta);
    return pushed;
}

// Replaces the value on the top by its member; pops it and returns false when there is none.
bool step(lua_State* L, const std::string& name, int depth) {
    if (depth > kMaxSteps) {
        lua_pop(L, 1);
        return false;
    }
    if (lua_istable(L, -1)) {
        lua_pushlstring(L, name.data(), name.size());
        lua_rawget(L, -2);
        if (!lua_isnil(L, -1)) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    int parents = push_parents(L);
    for (int left = parents; left > 0; --left) {
        if (step(L, name, depth + 1)) {
            for (int i = 1; i < left; ++i) lua_remove(L, -2);
            return true;
        }
    }
    return false;
}

void collect(lua_State* L, std::vector<Member>& members, std::unordered_set<std::string>& seen,
             int depth) {
    luaL_checkstack(L, 8, "members");
    if (depth > kMaxSteps) {
        lua_pop(L, 1);
        return;
    }
    if (lua_istable(L, -1)) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            if (lua_type(L, -2) == LUA_TSTRING && members.size() < kMaxMembers) {
                std::size_t size;
                const char* text = lua_tolstring(L, -2, &size);
                std::string name(text, size);
                if (seen.insert(name).second) {
                    members.push_back({std::move(name), lua_isfunction(L, -1)});
                }
            }
            lua_pop(L, 1);
        }
    }
    for (int left = push_parents(L); left > 0; --left) collect(L, members, seen, depth + 1);
}

}  // namespace

bool push_chain(lua_State* L, const SessionLocals& locals, const std::vector<std::string>& chain) {
    if (chain.empty()) return false;
    if (!locals.push(chain[0])) {
        lua_pushvalue(L, LUA_GLOBALSINDEX);
        if (!step(L, chain[0], kMaxSteps)) return false;
    }
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (!step(L, chain[i], 0)) return false;
    }
    return true;
}

bool is_known_name(lua_State* L, const SessionLocals& locals, std::string_view name) {
    if (name == "exit" || name == "quit" || is_prompt_function(name)) return true;
    if (name.size() > 1 && name[0] == '_' &&
        name.find_first_not_of("0123456789", 1) == std::string_view::npos) {
        return true;
    }
    return is_global_or_local(L, locals, name);
}

bool is_global_or_local(lua_State* L, const SessionLocals& locals, std::string_view name) {
    bool there = locals.push(name);
    if (!there) {
        lua_pushlstring(L, name.data(), name.size());
        lua_rawget(L, LUA_GLOBALSINDEX);
        there = !lua_isnil(L, -1);
    }
    lua_pop(L, 1);
    return there;
}

bool push_member(lua_State* L, const std::string& name) { return step(L, name, 0); }

std::string class_name(lua_State* L, int index) {
    if (!lua_getmetatable(L, index)) return {};
    lua_pushliteral(L, "__name");
    lua_rawget(L, -2);
    std::string name;
    if (lua_type(L, -1) == LUA_TSTRING) name = lua_tostring(L, -1);
    lua_pop(L, 2);
    return name.rfind("moonlet.", 0) == 0 ? name.substr(8) : name;
}

std::vector<Member> members_of(lua_State* L, int index) {
    std::vector<Member> members;
    std::unordered_set<std::string> seen;
    lua_pushvalue(L, index);
    collect(L, members, seen, 0);
    return members;
}

std::vector<std::string> split_chain(std::string_view text) {
    std::vector<std::string> chain;
    while (true) {
        std::size_t end = text.find_first_of(".:");
        std::string_view name = text.substr(0, end);
        if (!is_name(name)) return {};
        chain.emplace_back(name);
        if (end == std::string_view::npos) return chain;
        text.remove_prefix(end + 1);
    }
}

}  // namespace moonlet
