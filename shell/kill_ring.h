// SPDX-License-Identifier: Apache-2.0
// The texts last killed, newest first in use: Ctrl-Y inserts the newest, Alt-Y goes to older ones
// and round again.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moonlet {

class KillRing {
  public:
    // `joins` puts it before or behind the newest instead of on its own.
    void add(const std::string& text, bool joins, bool behind) {
        if (joins && !texts_.empty()) {
            texts_.back() = behind ? texts_.back() + text : text + texts_.back();
        } else {
            if (texts_.size() == kSize) texts_.erase(texts_.begin());
            texts_.push_back(text);
        }
        at_ = texts_.size();
    }
    bool empty() const { return texts_.empty(); }
    const std::string& newest() {
        at_ = texts_.size() - 1;
        return texts_.back();
    }
    // Behind newest() or older().
    const std::string& older() {
        at_ = at_ == 0 ? texts_.size() - 1 : at_ - 1;
        return texts_[at_];
    }

  private:
    static constexpr std::size_t kSize = 60;
    std::vector<std::string> texts_;
    std::size_t at_ = 0;
};

}  // namespace moonlet
