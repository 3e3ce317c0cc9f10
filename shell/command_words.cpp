// SPDX-License-Identifier: Apache-2.0
#include "shell/command_words.h"

#include <algorithm>
#include <vector>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/commands.h"
#include "shell/lexer.h"
#include "shell/lookup.h"
#include "shell/parse_state.h"
#include "shell/session.h"

namespace moonlet {
namespace {

bool is_command(std::string_view name) {
    const auto& all = commands();
    return std::any_of(all.begin(), all.end(), [&](const Command& c) { return c.name == name; });
}

// The value of a string or number as it is written in Lua.
std::string literal(lua_State* L, std::string_view token) {
    std::string code = "return " + std::string(token), value;
    int base = lua_gettop(L);
    if (luaL_loadstring(L, code.c_str()) == 0 && lua_pcall(L, 0, 1, 0) == 0 && lua_tostring(L, -1))
        value = lua_tostring(L, -1);
    lua_settop(L, base);
    return value;
}

// The literals of `f`, `f "a"`, `f()`, `f("a", 3)`; false when the line is anything else.
bool literal_arguments(lua_State* L, std::string_view text, const std::vector<Token>& tokens,
                       std::string* arguments) {
    std::size_t first = 1, last = tokens.size();
    bool brackets =
        last > 2 && token_text(text, tokens[1]) == "(" && token_text(text, tokens[last - 1]) == ")";
    if (brackets) {
        ++first;
        --last;
    } else if (last > 2) {
        return false;
    }
    for (std::size_t i = first; i < last; ++i) {
        bool comma = (i - first) % 2 == 1;
        if (comma) {
            if (token_text(text, tokens[i]) != "," || i + 1 == last) return false;
            continue;
        }
        bool plain = tokens[i].kind == TokenKind::string ||
                     (tokens[i].kind == TokenKind::number && brackets);
        if (!plain || !tokens[i].closed) return false;
        *arguments += (arguments->empty() ? "" : " ") + literal(L, token_text(text, tokens[i]));
    }
    return true;
}

int load_function(lua_State* L) {
    bool last = std::string_view(lua_tostring(L, 1)) == "last";
    lua_getglobal(L, "require");
    lua_pushstring(L, last ? "moonlet.last" : "moonlet.timing");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
    return 1;
}

}  // namespace

std::string command_of_words(Session& session, const std::string& text) {
    std::vector<Token> tokens = lex(text);
    std::erase_if(tokens, [](const Token& token) { return token.kind == TokenKind::comment; });
    if (tokens.empty() || tokens[0].kind != TokenKind::name) return {};
    std::string name(token_text(text, tokens[0]));
    lua_State* L = session.lua();
    if (!is_command(name) || is_global_or_local(L, session.locals(), name)) return {};
    bool function = is_prompt_function(name) && only_called(text, name);
    if (function && name != "last") return {};
    std::string arguments;
    if (literal_arguments(L, text, tokens, &arguments)) return ":" + name + " " + arguments;
    if (function) return {};  // last():csv() is Lua, last() alone the command
    bool lua = parse_entry(L, text, "=(words)").state == ParseState::complete;
    // `name rest` on one line; an operator behind the name is a slip in Lua, not an argument.
    bool word = tokens.size() > 1 && tokens[1].begin > tokens[0].end &&
                (tokens[1].kind != TokenKind::op || token_text(text, tokens[1]) == "{");
    if (lua || !word) return {};
    return ":" + text.substr(tokens[0].begin);
}

bool is_prompt_function(std::string_view name) {
    return name == "bench" || name == "time" || name == "last";
}

bool only_called(std::string_view code, std::string_view name) {
    std::vector<Token> tokens = lex(code);
    std::erase_if(tokens, [](const Token& token) { return token.kind == TokenKind::comment; });
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (token_text(code, tokens[i]) != name) continue;
        std::string_view before = i > 0 ? token_text(code, tokens[i - 1]) : "";
        if (before == "." || before == ":") continue;
        bool call = i + 1 < tokens.size() && token_text(code, tokens[i + 1]) == "(";
        if (!call || before == "function") return false;
    }
    return true;
}

bool push_prompt_function(lua_State* L, std::string_view name) {
    if (!is_prompt_function(name)) return false;
    int base = lua_gettop(L);
    lua_pushlstring(L, name.data(), name.size());
    lua_rawget(L, LUA_GLOBALSINDEX);
    bool free = lua_isnil(L, -1);
    lua_settop(L, base);
    if (!free) return false;
    lua_pushcfunction(L, load_function);
    lua_pushlstring(L, name.data(), name.size());
    if (lua_pcall(L, 1, 1, 0) == 0 && lua_isfunction(L, -1)) return true;
    lua_settop(L, base);
    return false;
}

}  // namespace moonlet
