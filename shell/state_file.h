// SPDX-License-Identifier: Apache-2.0
// The variables of a session as a file beside its script, "trip.lua.state": lines of JSON
// (data_text.h), the first with the hashes of the lines behind it and of the script.
//     {"moonlet_state":1,"variables":2,"hash":"…","script":"…"}
//     {"name":"x","local":true,"value":[1,2]}
// Plain data only: no functions, no objects, nothing whose name or text looks like a secret.
// Reading it runs nothing; a file whose lines are not the hashed ones is refused.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shell/session.h"

namespace moonlet {

struct StateReport {
    std::string text;                // the file; "" when there is nothing to keep
    std::vector<std::string> names;  // what is in it, or was given back
    std::vector<std::string> left;   // "m (Model)": what is no plain data
    std::string problem;             // reading: why nothing was given back
    bool script_changed = false;     // reading: the script is not the one of the state
};

// Of the names that entries have given values. script: the text of the script beside it.
StateReport write_state(Session& session, const std::set<std::string>& names,
                        std::string_view script);

// Sets the variables; all or none.
StateReport read_state(Session& session, std::string_view text, std::string_view script);

// The names that the entries of a session which are saved have given values.
std::set<std::string> given_names(const std::vector<Entry>& entries);

}  // namespace moonlet
