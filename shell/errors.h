// SPDX-License-Identifier: Apache-2.0
// What a failed call says: its message, the source line with a caret, what to do, and the traceback
// with the source line of each frame. Kept as text, so that no error keeps memory alive.
#pragma once

#include <cstddef>
#include <string>

#include "shell/error_frames.h"

struct lua_State;

namespace moonlet {

// Message handler for call_protected: leaves the error value as it is and notes the frames. Also
// the registry's "moonlet.note_error", for native code that calls Lua and raises its errors again:
// the frames below are then found again by the outer call.
int collect_error(lua_State* L);
void install_error_notes(lua_State* L);

struct ErrorText {
    std::string message;  // the value itself, formatted when it is no string
    Failure failure;      // no frames: the handler did not run (no memory)
};

// Takes what collect_error noted of the error value on the top of the stack, which stays there; a
// message of LuaJIT's own is replaced by the one that says more.
ErrorText take_error(lua_State* L, int width);

// Message, the line it names, the hint, the traceback: lines of at most `width` columns where they
// are source. Ends with a line break.
std::string show_error(const ErrorText& error, int width, bool color);

// "  1 | source", cut to the width around the bytes [begin, end) with carets under them; no second
// line when they are the same.
std::string source_line(std::size_t line, const std::string& text, std::size_t begin,
                        std::size_t end, int width, bool color);

}  // namespace moonlet
