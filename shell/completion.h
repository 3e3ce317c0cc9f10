// SPDX-License-Identifier: Apache-2.0
// What completion offers: a range of the text to replace and the candidates for it. Shared by the
// completer, which finds them, and the editor, which shows them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moonlet {

struct Candidate {
    std::string text;     // what replaces the range
    std::string shown;    // in the list; empty = text
    std::string note{};   // dim, behind it: a type and a default
    std::string topic{};  // what the menu looks up of it: the name of a row
};

struct Completion {
    std::size_t begin = 0, end = 0;  // bytes of the text to replace
    std::vector<Candidate> candidates{};
};

}  // namespace moonlet
