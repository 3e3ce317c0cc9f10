// SPDX-License-Identifier: Apache-2.0
#include "shell/session_locals.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <lua.hpp>

#include "shell/chunk_scan.h"
#include "shell/command_words.h"
#include "shell/lexer.h"

namespace moonlet {
namespace {

// No one types these, so they cannot hide a name of the user's.
constexpr const char* kKeep = "keep\xc2\xb7local";
constexpr const char* kPass = "pass\xc2\xb7values";
constexpr std::size_t kMaxNames = 55;  // LuaJIT: 60 upvalues a function

// The n of "_n", 0 when the name is no result.
long result_number(std::string_view name) {
    if (name.size() < 2 || name.size() > 9 || name[0] != '_') return 0;
    for (char c : name.substr(1)) {
        if (c < '0' || c > '9') return 0;
    }
    return name[1] == '0' ? 0 : std::atol(std::string(name.substr(1)).c_str());
}

}  // namespace

SessionLocals::SessionLocals(lua_State* L) : L_(L), overlay_(LUA_NOREF) {
    lua_newtable(L);
    table_ = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_rawgeti(L, LUA_REGISTRYINDEX, table_);
    for (const char* name : {"_", "_err"}) {
        std::string code =
            std::string("local ") + name + " return function(v) " + name + " = v end";
        luaL_loadstring(L, code.c_str());
        lua_call(L, 0, 1);
        lua_setfield(L, -2, name);
    }
    lua_pop(L, 1);
}

// keep(closure, …): upvalue 1 is the table of closures.
int SessionLocals::keep(lua_State* L) {
    for (int i = 1; i <= lua_gettop(L); ++i) {
        const char* name = lua_getupvalue(L, i, 1);
        if (!name) continue;
        lua_pop(L, 1);
        lua_pushstring(L, name);
        lua_pushvalue(L, i);
        lua_rawset(L, lua_upvalueindex(1));
    }
    return 0;
}

int SessionLocals::pass(lua_State* L) { return lua_gettop(L); }

bool SessionLocals::push_closure(std::string_view name) const {
    lua_rawgeti(L_, LUA_REGISTRYINDEX, table_);
    lua_pushlstring(L_, name.data(), name.size());
    lua_rawget(L_, -2);
    lua_remove(L_, -2);
    if (!lua_isnil(L_, -1)) return true;
    lua_pop(L_, 1);
    return false;
}

bool SessionLocals::push_overlay(std::string_view name) const {
    if (overlay_ == LUA_NOREF) return false;
    lua_rawgeti(L_, LUA_REGISTRYINDEX, overlay_);
    lua_pushlstring(L_, name.data(), name.size());
    lua_rawget(L_, -2);
    lua_remove(L_, -2);
    bool found = lua_istable(L_, -1);
    if (found) lua_rawgeti(L_, -1, 1);
    lua_remove(L_, found ? -2 : -1);
    return found;
}

bool SessionLocals::push_function(std::string_view name) const {
    if (!push_prompt_function(L_, name)) return false;
    if (name != "last") return true;
    // last() gives what `_` is when it is called.
    push_closure("_");
    lua_pushcclosure(
        L_,
        [](lua_State* L) {
            lua_settop(L, 0);
            lua_pushvalue(L, lua_upvalueindex(1));
            lua_getupvalue(L, lua_upvalueindex(2), 1);
            lua_call(L, 1, 1);
            return 1;
        },
        2);
    return true;
}

void SessionLocals::set_overlay() {
    clear_overlay();
    overlay_ = luaL_ref(L_, LUA_REGISTRYINDEX);
}

void SessionLocals::clear_overlay() {
    luaL_unref(L_, LUA_REGISTRYINDEX, overlay_);
    overlay_ = LUA_NOREF;
}

bool SessionLocals::push(std::string_view name) const {
    if (push_overlay(name)) return true;
    if (!push_closure(name)) return false;
    lua_getupvalue(L_, -1, 1);
    lua_remove(L_, -2);
    return true;
}

void SessionLocals::define(const std::string& name) {
    std::string code = "local " + name + " return function(v) " + name + " = v end";
    if (luaL_loadstring(L_, code.c_str()) != 0) {
        lua_pop(L_, 2);
        return;
    }
    lua_call(L_, 0, 1);
    push_table();
    lua_pushvalue(L_, -2);
    lua_setfield(L_, -2, name.c_str());
    lua_pop(L_, 2);
    set(name.c_str());
}

void SessionLocals::set(const char* name) {
    push_closure(name);
    lua_insert(L_, -2);
    lua_setupvalue(L_, -2, 1);
    lua_pop(L_, 1);
}

void SessionLocals::push_table() const { lua_rawgeti(L_, LUA_REGISTRYINDEX, table_); }

std::vector<std::string> SessionLocals::names() const {
    std::vector<std::string> result;
    lua_rawgeti(L_, LUA_REGISTRYINDEX, table_);
    lua_pushnil(L_);
    while (lua_next(L_, -2)) {
        lua_pop(L_, 1);
        result.push_back(lua_tostring(L_, -1));
    }
    lua_pop(L_, 1);
    if (overlay_ != LUA_NOREF) {
        lua_rawgeti(L_, LUA_REGISTRYINDEX, overlay_);
        for (lua_pushnil(L_); lua_next(L_, -2); lua_pop(L_, 1))
            result.push_back(lua_tostring(L_, -2));
        lua_pop(L_, 1);
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

std::vector<std::string> SessionLocals::used_names(
    const std::string& code, const std::function<bool(long)>& push_result) const {
    std::set<std::string> used;
    bool field = false;  // behind a dot or colon a name is no variable
    for (const Token& token : lex(code)) {
        std::string_view word = token_text(code, token);
        if (token.kind == TokenKind::name && !field) {
            bool known = push_overlay(word) || push_closure(word);
            if (!known && result_number(word) > 0) known = push_result(result_number(word));
            if (!known && is_prompt_function(word) && only_called(code, word))
                known = push_function(word);
            if (known) {
                lua_pop(L_, 1);
                used.emplace(word);
            }
        }
        if (token.kind != TokenKind::comment) field = word == "." || word == ":";
    }
    return {used.begin(), used.end()};
}

std::string SessionLocals::wrap(const std::string& code, bool expression,
                                const std::vector<std::string>& names) {
    std::string text = std::string("local ") + kKeep + "," + kPass;
    for (const auto& name : names) text += "," + name;
    text += " return function(...) ";
    if (expression) {
        // The bracket stays on the entry's last line, which LuaJIT takes for that of the last
        // value.
        auto tokens = lex(code);
        bool comment = !tokens.empty() && tokens.back().kind == TokenKind::comment;
        return text + "return " + kPass + "(" + code + (comment ? "\n) end" : ") end");
    }
    std::size_t from = 0;
    for (const LocalStatement& statement : scan_chunk(code, false).locals) {
        text += code.substr(from, statement.end - from);
        from = statement.end;
        std::string closures;
        for (const auto& name : statement.names) {
            closures += (closures.empty() ? "" : ",") + ("function(v) " + name + "=v end");
        }
        text += std::string(" ") + kKeep + "(" + closures + ")";
        text += statement.call_would_follow ? ";" : " ";
    }
    return text + code.substr(from) + "\nend";
}

std::string SessionLocals::compile(const std::string& code, bool expression,
                                   const std::string& chunk_name,
                                   const std::function<bool(long)>& push_result) {
    auto names = used_names(code, push_result);
    if (names.size() > kMaxNames) {
        return "this entry names " + std::to_string(names.size()) +
               " earlier locals, LuaJIT allows " + std::to_string(kMaxNames) +
               ": divide it, or put some into a table";
    }
    std::string text = wrap(code, expression, names);
    if (luaL_loadbuffer(L_, text.data(), text.size(), chunk_name.c_str()) != 0) {
        // The insertions did not fit after all (too many locals, say): run it as it is.
        lua_pop(L_, 1);
        text = (expression ? "return " : "") + code;
        if (luaL_loadbuffer(L_, text.data(), text.size(), chunk_name.c_str()) == 0) return {};
        std::string message = lua_tostring(L_, -1) ? lua_tostring(L_, -1) : "not enough memory";
        lua_pop(L_, 1);
        return message;
    }
    lua_call(L_, 0, 1);
    int function = lua_gettop(L_);
    for (int i = 1;; ++i) {
        const char* upvalue = lua_getupvalue(L_, function, i);
        if (!upvalue) break;
        lua_pop(L_, 1);
        std::string name = upvalue;
        if (name == kKeep) {
            lua_rawgeti(L_, LUA_REGISTRYINDEX, table_);
            lua_pushcclosure(L_, keep, 1);
            lua_setupvalue(L_, function, i);
        } else if (name == kPass) {
            lua_pushcfunction(L_, pass);
            lua_setupvalue(L_, function, i);
        } else if (push_overlay(name)) {
            lua_setupvalue(L_, function, i);
        } else if (push_closure(name)) {
            lua_upvaluejoin(L_, function, i, -1, 1);
            lua_pop(L_, 1);
        } else if (push_result(result_number(name)) || push_function(name)) {
            lua_setupvalue(L_, function, i);
        }
    }
    return {};
}

}  // namespace moonlet
