// SPDX-License-Identifier: Apache-2.0
// What the variables that a code names stand for at this moment, for the slice of a session: read
// raw, nothing is run.
#pragma once

#include <map>
#include <string>

#include "shell/session_locals.h"

struct lua_State;

namespace moonlet {

std::map<std::string, std::string> kinds_of_names(lua_State* L, const SessionLocals& locals,
                                                  const std::string& code);

}  // namespace moonlet
