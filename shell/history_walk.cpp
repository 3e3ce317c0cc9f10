// SPDX-License-Identifier: Apache-2.0
#include "shell/history_walk.h"

namespace moonlet {

void HistoryWalk::start(const std::string& draft, std::size_t cursor) {
    prefix_ = draft.substr(0, cursor);
    shown_ = {draft};
    seen_ = {draft};
    at_ = looked_ = 0;
}

const std::string* HistoryWalk::older(History& history) {
    if (shown_.empty()) return nullptr;
    if (at_ + 1 < shown_.size()) return &shown_[++at_];
    const auto& entries = history.entries();
    while (looked_ < entries.size()) {
        const std::string& entry = entries[entries.size() - ++looked_];
        if (entry.compare(0, prefix_.size(), prefix_) != 0 || !seen_.insert(entry).second) continue;
        shown_.push_back(entry);
        return &shown_[++at_];
    }
    return nullptr;
}

const std::string* HistoryWalk::newer() { return at_ > 0 ? &shown_[--at_] : nullptr; }

}  // namespace moonlet
