// SPDX-License-Identifier: Apache-2.0
#include "shell/entry_kinds.h"

#include <lua.hpp>

#include "shell/lexer.h"
#include "shell/lookup.h"

namespace moonlet {

std::map<std::string, std::string> kinds_of_names(lua_State* L, const SessionLocals& locals,
                                                  const std::string& code) {
    std::map<std::string, std::string> kinds;
    bool field = false;
    for (const Token& token : lex(code)) {
        std::string_view word = token_text(code, token);
        if (token.kind == TokenKind::name && !field && !kinds.count(std::string(word))) {
            if (!locals.push(word)) {
                lua_pushlstring(L, word.data(), word.size());
                lua_rawget(L, LUA_GLOBALSINDEX);
            }
            std::string kind;
            switch (lua_type(L, -1)) {
                case LUA_TSTRING: kind = "string"; break;
                case LUA_TFUNCTION: kind = "function"; break;
                case LUA_TNIL:
                case LUA_TNUMBER:
                case LUA_TBOOLEAN: break;
                case LUA_TTABLE:
                    kind = class_name(L, lua_gettop(L));
                    if (kind.empty()) kind = "table";
                    break;
                default:
                    kind = class_name(L, lua_gettop(L));
                    if (kind.empty()) kind = "object";
            }
            lua_pop(L, 1);
            if (!kind.empty()) kinds[std::string(word)] = kind;  // sessions are long
        }
        if (token.kind != TokenKind::comment) field = word == "." || word == ":";
    }
    return kinds;
}

}  // namespace moonlet
