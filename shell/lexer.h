// SPDX-License-Identifier: Apache-2.0
// Lua source as tokens with byte positions, for colours, indentation, completion and the entry
// parser. It never fails: what is unfinished says so, what is no token is `bad`. Whether a text is
// valid Lua is LuaJIT's to say, not this file's.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace moonlet {

enum class TokenKind { name, keyword, number, string, comment, op, bad };

struct Token {
    TokenKind kind;
    std::size_t begin, end;  // bytes [begin, end) of the text
    bool closed = true;      // false: a string or long comment that the text ends within
};

std::vector<Token> lex(std::string_view text);

inline std::string_view token_text(std::string_view text, const Token& token) {
    return text.substr(token.begin, token.end - token.begin);
}

bool is_name_start(char c);
bool is_name_char(char c);
bool is_keyword(std::string_view word);
bool is_name(std::string_view word);  // a name that is no keyword

// Spaces the line after `before` should start with: two more than the line that holds the innermost
// opener (do then function repeat ( { [) still open at the end of `before`, 0 without one. With
// `closing`, the indentation of that line itself (for a line that starts with end, else, `}` …).
std::size_t indentation(std::string_view before, bool closing);

// True for a word or bracket that closes a block and so belongs at its opener's indentation.
bool closes_block(std::string_view word);

}  // namespace moonlet
