// SPDX-License-Identifier: Apache-2.0
// Which names of an entry are globals that it only reads, and which locals are in scope at its end.
// A walk over tokens that never fails: an unfinished entry has the scopes opened so far. Where it
// cannot tell it takes a name for known. It knows no values: whether a global exists is asked
// elsewhere.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "shell/lexer.h"

namespace moonlet {

struct NameScan {
    std::vector<std::size_t> globals;        // token indexes, in order
    std::vector<std::string_view> locals;    // parameters and locals visible at the end
    std::vector<std::string_view> assigned;  // globals that it sets
};

NameScan scan_names(std::string_view text, const std::vector<Token>& tokens);

}  // namespace moonlet
