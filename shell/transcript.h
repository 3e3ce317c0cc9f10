// SPDX-License-Identifier: Apache-2.0
// A session as markdown to be read: each entry as fenced Lua, what it printed as fenced text, an
// error marked as one. Text in, text out.
#pragma once

#include <string>
#include <vector>

#include "shell/session.h"

namespace moonlet {

struct TranscriptFilter {
    bool worked = false;  // only entries that worked
    bool once = false;    // a text that has come before is left out
};

std::string transcript_head(const std::string& when);

// "" when the filter leaves it out. before: the entries up to it.
std::string transcript_entry(const std::vector<Entry>& entries, std::size_t number,
                             const TranscriptFilter& filter);

}  // namespace moonlet
