// SPDX-License-Identifier: Apache-2.0
// The one error of moonlet. It says what was given, what was wanted and what to do, is raised where
// the fact is known, and crosses into Lua in one place (bindings/trampoline). It knows no language
// and no terminal: plain text only.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

class Error : public std::runtime_error {
  public:
    // One sentence that already says all three things.
    explicit Error(const std::string& message) : std::runtime_error(message) {}
    // "given; wanted …; todo": empty parts are left out.
    Error(const std::string& given, const std::string& wanted, const std::string& todo = "");
};

// Thrown when Ctrl-C asked a computation to stop that has nothing partial to return. It is not a
// std::exception on purpose: no handler for errors swallows it on the way to the prompt.
struct Interrupted {};

// The legal name nearest to `name` by edit distance, or "" if none is within a third of its length.
std::string nearest_name(std::string_view name, const std::vector<std::string>& legal);

// The text of `bytes` cut to `limit` bytes at a character border, control characters escaped, for
// quoting foreign input in a message.
std::string quote(std::string_view bytes, size_t limit = 60);

}  // namespace moonlet
