// SPDX-License-Identifier: Apache-2.0
// The frames of the last error, kept for `:debug`: names of locals and upvalues, plain values
// themselves (plain_data.h), of everything else one line of text and a weak reference, so that no
// error keeps a tensor or a model in memory. Taken in the message handler; runs no user code.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shell/error_frames.h"

struct lua_State;

namespace moonlet {

class SessionLocals;

// Keeps the frames that examine_failure found on the running stack. more: behind those kept
// before, which are the same error's, further in. Nothing while a frame is open.
void keep_frames(lua_State* L, const Failure& failure, bool more);

// "(2):1: in function 'inner'" of the frames kept, innermost first; empty = no error yet.
std::vector<std::string> kept_frames(lua_State* L);

// The names of frame `number` (1-based) with their values, one a line, cut to `width`.
std::string frame_values(lua_State* L, std::size_t number, int width);

// Entries see the names of this frame before all others, and keep_frames is deaf, until
// close_frame.
void open_frame(lua_State* L, SessionLocals& locals, std::size_t number);
void close_frame(lua_State* L, SessionLocals& locals);
std::size_t opened_frame(lua_State* L);  // 0 = none

}  // namespace moonlet
