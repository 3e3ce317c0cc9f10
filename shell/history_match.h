// SPDX-License-Identifier: Apache-2.0
// Does an entry match what was typed into Ctrl-R, how well, and by which of its characters? Every
// word of the pattern has to be found: as it stands, or as letters close together, or with a typo
// (a wrong, missing, doubled or swapped letter; two in words of eight). Letters of either case are
// the same unless the pattern has a capital. Pure; knows no history.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

class HistoryPattern {
  public:
    explicit HistoryPattern(std::string_view pattern);

    // Smaller is better, 0 = it stands there as typed; -1 = no match. Within one rank the newer
    // entry is the better one.
    int rank(std::string_view entry) const;

    // Bytes of the entry that matched, ascending: what is marked.
    std::vector<std::size_t> places(std::string_view entry) const;

  private:
    std::string whole_;
    std::vector<std::u32string> words_;
    bool fold_ = true;

    int match(std::string_view entry, std::vector<std::size_t>* places) const;
};

}  // namespace moonlet
