// SPDX-License-Identifier: Apache-2.0
// The prompt: read an entry, run it, again. `:name` is a command, `?name` is help, the rest is Lua.
#pragma once

#include <string>

namespace moonlet {

class Session;

// Returns when the user leaves. color: the option; the terminal may still have none.
// demo: a script to step through first, "" = none.
void run_repl(Session& session, bool color, const std::string& demo = {});

}  // namespace moonlet
