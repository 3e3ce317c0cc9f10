// SPDX-License-Identifier: Apache-2.0
// What a failed call says: its message, the source lines of the entries it ran through, and the
// traceback without frames of the shell. Kept as text, so that no error keeps memory alive.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

struct lua_State;

namespace moonlet {

// Message handler for call_protected: replaces the error value by a table {value, traceback text}.
int collect_error(lua_State* L);

struct ErrorText {
    std::string message;    // the value itself, formatted when it is no string
    std::string traceback;  // one line for each frame; empty when there is none to show
};

// Takes the value on the top of the stack (collect_error's table, or a bare message) apart and
// leaves the error value there in its place.
ErrorText take_error(lua_State* L, int width);

// The source line `line` (1-based) of the chunk that messages call `chunk` ("(3)"); empty =
// unknown.
using SourceLookup = std::function<std::string(const std::string& chunk, std::size_t line)>;

// Message, the line it names with a bar in front, traceback with the lines of entries.
std::string show_error(const ErrorText& error, const SourceLookup& lookup);

// "  1 | source" and, with a column, a caret under it.
std::string source_line(std::size_t line, const std::string& text, bool caret, std::size_t column);

}  // namespace moonlet
