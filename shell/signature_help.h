// SPDX-License-Identifier: Apache-2.0
// What the call at the cursor wants, shown below the entry: its parameters with the one at the
// cursor bold, and inside the braces of its options their names and defaults, or the one whose
// value stands at the cursor. It is gone when the cursor leaves the call.
#pragma once

#include <string>
#include <vector>

#include "shell/callee.h"
#include "shell/render.h"

namespace moonlet {

struct SignatureHelp {
    struct Part {
        std::string text;
        bool current = false;
    };
    std::vector<Part> parts{};  // of one line
    std::string doc{};          // of what is current
    bool empty() const { return parts.empty(); }
};

// Text up to the cursor. May raise Lua errors: call it protected.
SignatureHelp signature_at(const Names& names, const std::string& text);

// One row, cut so that what is current is seen; a second with the doc where there is room for it.
// Without colour the current part stands in ‹ ›.
std::vector<Row> signature_rows(const SignatureHelp& help, std::size_t width, bool color);

// The rows for a cursor, none when anything fails. Nothing for texts of more than 64 KB.
std::vector<Row> signature_hint(const Names& names, const std::string& text, std::size_t width,
                                bool color);

}  // namespace moonlet
