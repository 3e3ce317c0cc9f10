// SPDX-License-Identifier: Apache-2.0
// The progress area on the screen: rows below what is printed, drawn anew ten times a second, and
// gone when the work is done. Prints in between push it down (output_tee tells of them). Where
// stderr is no terminal, plain lines. Reports may come from any thread.
#pragma once

#include <string_view>

struct lua_State;

namespace moonlet {

// Tells the native modules (registry field "moonlet.progress_sink") and the stdlib
// (moonlet.session: report, live) where to report to.
void install_progress(lua_State* L);

// Something is about to be written to the terminal, or was: the area makes room, and comes back
// below it when its line is whole.
void progress_make_room();
void progress_come_back(std::string_view written);

// Nothing is going on any more.
void end_progress();

}  // namespace moonlet
