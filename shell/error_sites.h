// SPDX-License-Identifier: Apache-2.0
// Where in a source text an operation stands that can fail: each place that a value is indexed,
// called, calculated, joined, compared or measured, with the expression it is done to. LuaJIT's
// messages tell a line and at most one name; with these a caret can be drawn and `x.foo` be said
// instead of "field 'foo'". Pure text: it knows no Lua state, and nothing of what the names hold.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

enum class SiteKind { index, call, arithmetic, concatenate, length, compare };

struct Site {
    SiteKind kind;
    std::size_t begin, end;  // bytes of the expression, without what is done to it
    // Its parts where it is a name with fields (x.foo[3].bar → x foo 3 bar), else empty. keys[i]
    // of a bracket with a number is that number's text, numbers[i] says so.
    std::vector<std::string> keys;
    std::vector<bool> numbers;
    std::string last;              // its last name (of a method call the method's), "" without one
    bool method = false;           // a call by ':'
    std::size_t first_line, line;  // lines it begins on and is done on, 1-based
    bool exact = false;            // the line asked for is one of them, not one just behind
};

// Of the lines [line - 40, line] of the text, those whose operation may be the one that LuaJIT
// means by `line`. In the order of the text.
std::vector<Site> sites_of_line(std::string_view text, std::size_t line);

// The `line`th line (1-based) without its break, and where it begins; npos = there is none.
std::size_t line_begin(std::string_view text, std::size_t line);
std::string_view line_text(std::string_view text, std::size_t line);

}  // namespace moonlet
