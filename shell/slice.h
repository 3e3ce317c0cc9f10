// SPDX-License-Identifier: Apache-2.0
// Which entries of a session some variables depend on: those that gave them their values, and what
// these read, back to the start. Where the text of an entry does not tell whether it changes
// something (a function it knows nothing of is handed a table, code is loaded) the entry is kept.
#pragma once

#include <string>
#include <vector>

#include "shell/session.h"

namespace moonlet {

struct Slice {
    std::vector<bool> kept;            // by entry
    std::vector<std::string> reasons;  // by entry, "" for those left out: "sets c", "may change t"
    std::vector<std::string> unknown;  // names that no entry has given a value
};

Slice slice_session(const std::vector<Entry>& entries, const std::vector<std::string>& names);

}  // namespace moonlet
