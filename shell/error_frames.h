// SPDX-License-Identifier: Apache-2.0
// The stack of a failing call as text, taken while it still stands: for each frame its place, its
// source line, the part of the line that was running, and what to do where the mistake is a known
// one. Values are looked at raw: none of the user's code runs. Keeps text only, so that no error
// keeps memory alive. Frames of the shell, and those of the stdlib that only pass a call on, are
// left out.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

struct lua_State;

namespace moonlet {

struct ErrorFrame {
    std::string chunk;     // "(3)", "file.lua"; empty for C
    std::size_t line = 0;  // 0: not known
    std::string what;      // "in function 'inner'", "in entry (3)", "in Dataset:map (C++)"
    std::string text;      // the source line, empty when it is not to be had
    std::size_t begin = 0, end = 0;  // bytes of it that were running; the same = not known
    int level = 0;                   // of the stack it was taken from
};

// "(2):1: in function 'inner'"
std::string place_of(const ErrorFrame& frame);

struct Failure {
    std::vector<ErrorFrame> frames;             // innermost first
    std::size_t left_out_at = 0, left_out = 0;  // frames of a deep stack that are not in `frames`
    std::string message;  // of an error with LuaJIT's own message: the same, saying more
    std::string hint;     // what to do; may be empty
};

// The frames from `level` on of the running stack, for an error with this message.
Failure examine_failure(lua_State* L, int level, const std::string& message);

// The text of a chunk by what its functions call their source ("=(3)", "@file.lua"): entries, what
// was given with -e, readable files, the embedded stdlib. Empty: not to be had.
std::string chunk_text(lua_State* L, const std::string& source);

// Where chunk_text finds entries: a function kept by the caller, by number; nullptr takes it away.
using EntryTexts = std::function<std::string(std::size_t number)>;
void set_entry_texts(lua_State* L, const EntryTexts* texts);
// Keeps the text of a chunk that has no file ("=(command line)").
void keep_chunk_text(lua_State* L, const std::string& source, const std::string& text);

}  // namespace moonlet
