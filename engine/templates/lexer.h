// SPDX-License-Identifier: Apache-2.0
// Cuts a template into tokens, as Jinja2 does with trim_blocks and lstrip_blocks: line ends become
// "\n", one at the very end is dropped, the newline behind a block goes and so do the blanks before
// one; "-" and "+" in a delimiter override both. Knows the delimiters and the literals, no grammar.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moonlet::jinja {

enum class TokenKind {
    data,
    block_begin,
    block_end,
    variable_begin,
    variable_end,
    name,
    string,
    integer,
    real,
    op,
    end
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;  // data, decoded string, name, or the operator itself
    int64_t integer = 0;
    double real = 0;
    int line = 1, column = 1;  // from 1; columns in characters
};

// "the string \"x\"", "the end of the template", …
std::string describe(const Token& token);

// TemplateError: an unknown character, an unclosed comment, string, bracket or block.
std::vector<Token> tokenize(const std::string& source);

}  // namespace moonlet::jinja
