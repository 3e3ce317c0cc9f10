// SPDX-License-Identifier: Apache-2.0
// Ctrl-C inside a pattern that backtracks: `(("a"):rep(40)):find(("a*"):rep(40) .. "b")` is one C
// function for years, and no hook is called in it. A signal handler may leave it all the same,
// where it is certain that LuaJIT's matcher itself was interrupted: it calls itself, and it holds
// neither memory nor locks nor half-written Lua objects.
#pragma once

namespace moonlet {

// For signal handlers on the thread that runs Lua; `context` is the handler's third argument. True
// when the interrupted code is the pattern matcher: an exception thrown now unwinds it like a Lua
// error. False when it is anything else, or when that cannot be told.
bool is_in_pattern_matcher(void* context);

}  // namespace moonlet
