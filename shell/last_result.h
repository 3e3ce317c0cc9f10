// SPDX-License-Identifier: Apache-2.0
// The last result once more, for `:last`: whole in a pager, or as CSV or
// JSON. What is plain is formatted here, objects by stdlib/last.lua.
#pragma once

#include <string>

struct lua_State;

namespace moonlet {

class Session;

// form: "" (whole, paged), "csv", "json"; file "" = to the screen, else it is written. Returns what
// there is to say.
std::string show_last(Session& session, const std::string& form, const std::string& file);

}  // namespace moonlet
