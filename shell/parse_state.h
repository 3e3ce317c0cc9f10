// SPDX-License-Identifier: Apache-2.0
// Is an entry complete, does it need more lines, or is it wrong? LuaJIT's own parser decides: a
// message that ends in <eof> asks for more. An entry that is valid after `return` is an expression,
// whose values are printed; `=expr` is the same, said aloud; a `;` at its end keeps them silent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

struct lua_State;

namespace moonlet {

enum class ParseState { complete, incomplete, error };

struct ParsedEntry {
    ParseState state = ParseState::error;
    bool expression = false;       // `code` is a list of expressions, else statements
    bool silent = false;           // a `;` at the end: do not print the values
    std::string code;              // what to compile: same lines as the entry
    std::string message;           // of an error, with the chunk name in front
    std::size_t error_line = 0;    // 1-based; 0 = no caret known
    std::size_t error_column = 0;  // bytes before the wrong token on that line
};

// chunk_name as for luaL_loadbuffer ("=(3)"). Compiles and drops; runs nothing.
ParsedEntry parse_entry(lua_State* L, std::string_view text, const std::string& chunk_name);

}  // namespace moonlet
