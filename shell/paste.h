// SPDX-License-Identifier: Apache-2.0
// What a bracketed paste puts into an entry: line breaks as \n, no other control characters but
// tabs, and without the prompts of a transcript.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace moonlet {

// at_end: nothing stands behind it; line breaks at its end are then the person's to type.
std::string pasted_text(std::string_view raw, bool at_end);

// A text whose first line begins with "> " was copied from a session of ours: no Lua begins so. The
// prompts go, and so do the results below an entry, but only where the entry is complete without
// them. Every other text comes back as it is.
std::string without_prompts(const std::string& text,
                            const std::function<bool(const std::string&)>& is_complete);

}  // namespace moonlet
