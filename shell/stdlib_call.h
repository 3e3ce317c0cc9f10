// SPDX-License-Identifier: Apache-2.0
// A function of the stdlib called by a :command. What it raises, or that Ctrl-C ended it, comes
// back as text. Knows none of the modules.
#pragma once

#include <string>
#include <variant>
#include <vector>

struct lua_State;

namespace moonlet {

using StdlibValue = std::variant<std::string, double, bool>;

struct StdlibAnswer {
    bool ok = false;
    std::string text;    // its first result as text, "" for nil; or what went wrong
    double number = 0;   // its first result where that is a number
    bool truth = false;  // whether Lua takes its first result for true
};

// require("moonlet." .. module)[function](arguments…), protected.
StdlibAnswer call_stdlib(lua_State* L, const std::string& module, const std::string& function,
                         const std::vector<StdlibValue>& arguments = {});

}  // namespace moonlet
