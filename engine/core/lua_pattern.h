// SPDX-License-Identifier: Apache-2.0
// Lua's patterns (find, match, gmatch, gsub of its manual, section 5.4.1) with a budget: a pattern
// from a stranger may backtrack for ever, and this one says when it has had enough. Bytes, not
// characters, as in Lua. It knows no Lua state.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace moonlet {

class LuaPattern {
  public:
    struct Capture {
        size_t begin = 0, end = 0;
        bool position = false;  // "()": begin is the value
    };
    struct Match {
        size_t begin = 0, end = 0;
        std::vector<Capture> captures;  // without the whole match
    };

    // `steps` is shared by all matches of the caller and counted down. A '^' in front anchors.
    LuaPattern(std::string_view pattern, uint64_t& steps);

    // The first match that begins at `from` or later (anchored: at `from`). Error: a malformed
    // pattern, one nested too deep, or no steps left.
    bool find(std::string_view text, size_t from, Match& match);

    bool anchored() const { return anchored_; }

  private:
    std::string_view pattern_;
    uint64_t& steps_;
    bool anchored_;
};

}  // namespace moonlet
