// SPDX-License-Identifier: Apache-2.0
#include "shell/ghost.h"

#include "shell/lexer.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxText = 4096;  // what is longer was pasted, or is a program

bool starts(const std::string& entry, std::string_view text) {
    return entry.size() > text.size() && entry.compare(0, text.size(), text) == 0;
}

}  // namespace

void Ghost::forget() {
    searched_.clear();
    rest_.clear();
    at_ = std::string::npos;
}

void Ghost::offer(const std::vector<std::string>& entries, std::string_view text) {
    rest_.clear();
    if (text.size() > kMaxText || text.find_first_not_of(" \t\n") == std::string_view::npos) return;
    // Entries behind at_ did not start as the text did then, so not as the longer one either.
    bool goes_on = !searched_.empty() && text.substr(0, searched_.size()) == searched_;
    std::size_t from = goes_on && at_ < entries.size() ? at_ + 1 : goes_on ? 0 : entries.size();
    searched_ = text;
    at_ = std::string::npos;
    for (std::size_t i = from; i-- > 0;) {
        if (!starts(entries[i], text)) continue;
        at_ = i;
        rest_ = entries[i].substr(text.size());
        return;
    }
}

std::string Ghost::shown() const {
    std::size_t line = rest_.find('\n');
    return line == std::string::npos ? rest_ : rest_.substr(0, line) + " …";
}

std::string Ghost::word() const {
    std::size_t i = 0;
    while (i < rest_.size() && !is_name_char(rest_[i])) ++i;
    while (i < rest_.size() && is_name_char(rest_[i])) ++i;
    return rest_.substr(0, i);
}

}  // namespace moonlet
