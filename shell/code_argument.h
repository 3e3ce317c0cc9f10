// SPDX-License-Identifier: Apache-2.0
// The code behind `:bench` and `:profile` as a Lua function, for what calls it more than once. It
// runs aside: it has no number and is no part of what :save writes.
#pragma once

#include <string>

namespace moonlet {

class Session;

// Runs `before`, "function() CODE end", `after` aside under the name "(name)"; code that is no Lua
// is shown as an error. true: it ran to its end.
bool run_with_function(Session& session, const std::string& name, const std::string& before,
                       const std::string& code, const std::string& after);

}  // namespace moonlet
