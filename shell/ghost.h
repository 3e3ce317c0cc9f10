// SPDX-License-Identifier: Apache-2.0
// What a person may be about to type: the rest of the newest history entry that starts as the text
// does, this session's before all others'. It is shown dim behind the text and is no part of it
// until it is taken, whole or word by word.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

class Ghost {
  public:
    // `entries`: oldest first. Typing on continues the search where it stood, so a key costs a
    // look at one entry most of the time.
    void offer(const std::vector<std::string>& entries, std::string_view text);
    void clear() { rest_.clear(); }
    void forget();  // the history has changed

    const std::string& rest() const { return rest_; }
    // The part of it that is shown: its first line.
    std::string shown() const;
    // Its start up to the end of its first word.
    std::string word() const;

  private:
    std::string searched_, rest_;  // the text of the last search, and what was found for it
    std::size_t at_ = std::string::npos;
};

}  // namespace moonlet
