// SPDX-License-Identifier: Apache-2.0
// Which operation of a source line failed, and what to do about it: finds the site (error_sites.h)
// that a message of LuaJIT means, by evaluating names raw in the failing frame; names that are near
// a missing one; ':' where an object's method was called with '.'. Runs none of the user's code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shell/error_sites.h"

struct lua_State;
struct lua_Debug;

namespace moonlet {

struct FrameSites {
    lua_State* L;
    lua_Debug* frame;
    std::vector<Site> sites;
    std::string_view text;  // of the chunk
};

// The site that the message of an operator speaks of ("attempt to index field 'a' …"). *named is
// then the message with the whole expression in it.
bool find_operation(const FrameSites& at, const std::string& message, Site* site,
                    std::string* named);
// The call of `callee`; false when several calls may be it.
bool find_call(const FrameSites& at, lua_Debug* callee, Site* site);

std::string hint_of_operation(const FrameSites& at, const Site& site);
std::string hint_of_call(const FrameSites& at, lua_Debug* callee, const Site& site);

// What a message of the parser says in a language the user may come from (`!=`, `&&`, `+=` …):
// what to write instead. `at`: byte of the token it stopped at.
std::string hint_of_syntax(std::string_view text, std::size_t at);

}  // namespace moonlet
