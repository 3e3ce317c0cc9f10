// SPDX-License-Identifier: Apache-2.0
// Up and Down: from the draft through the entries that begin with what stood before the cursor,
// each text once, this session's before those of others. It edits nothing.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "shell/history.h"

namespace moonlet {

class HistoryWalk {
  public:
    // Begins at a draft.
    void start(const std::string& draft, std::size_t cursor);
    // The next text to show; nullptr where it ends. newer() behind the newest is the draft.
    const std::string* older(History& history);
    const std::string* newer();

  private:
    std::string prefix_;
    std::vector<std::string> shown_;  // draft first, then what older() has given
    std::unordered_set<std::string> seen_;
    std::size_t at_ = 0;      // index into shown_
    std::size_t looked_ = 0;  // entries from the end that were looked at
};

}  // namespace moonlet
