// SPDX-License-Identifier: Apache-2.0
// What a chain of names before a parenthesis calls: the registry's row of it, or what Lua itself
// knows of the function. Raw reads only. All of it may raise Lua errors (memory): call it
// protected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shell/call_site.h"
#include "shell/rows.h"
#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

struct Callee {
    const HelpRow* row = nullptr;  // else the fields below
    bool known = false;            // parameters say something
    std::string name{};
    std::vector<std::string> parameters{};  // "..." among them
};

// The variables and the rows that names are looked up in.
struct Names {
    lua_State* L;
    const SessionLocals& locals;
    Rows& rows;
};

Callee find_callee(const Names& names, std::string_view text, const std::vector<Token>& tokens,
                   const NameChain& chain);

// The class of what the expression before the chain's last name gives: of a variable's value, or
// of the result of a call by its row. "" = not known.
std::string owner_class(const Names& names, std::string_view text, const std::vector<Token>& tokens,
                        const NameChain& chain);

}  // namespace moonlet
