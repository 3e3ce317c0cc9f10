// SPDX-License-Identifier: Apache-2.0
// The session's side of :undo and :restore: which entry is meant, and what is said of it.
#include <algorithm>

#include "shell/session.h"
#include "shell/text.h"

namespace moonlet {
namespace {

std::string title(const Entry& entry, std::size_t number) {
    std::string line = entry.text.substr(0, entry.text.find('\n'));
    std::string cut = fit_width(line, 40);
    bool all = cut.size() == entry.text.size();
    return "(" + std::to_string(number) + ") " + cut + (all ? "" : " …");
}

std::string lines(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 12;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
        text += (i ? ", " : ": ") + names[i];
    if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
    return text + "\n";
}

}  // namespace

std::string Session::undo() {
    for (std::size_t number = entries_.size(); number > 0; --number) {
        Entry& entry = entries_[number - 1];
        if (entry.undone || entry.text.empty()) continue;
        bool changed = undo_.changed(number);
        if (!entry.succeeded && !changed) continue;  // it left nothing
        auto report = undo_.undo(number);
        if (!report.done) return title(entry, number) + " is too long ago to be undone\n";
        entry.undone = true;
        undone_.push_back(number);
        std::string text = "undid " + title(entry, number) + lines(report.names);
        if (report.names.empty()) {
            text.insert(text.size() - 1, ": it changed no names; :save leaves it out");
            return text;
        }
        return text +
               "tables changed in place and files stay as they are; :restore does it again\n";
    }
    return "nothing to undo\n";
}

std::string Session::restore_undone() {
    if (undone_.empty()) return {};
    std::size_t number = undone_.back();
    undone_.pop_back();
    auto report = undo_.redo(number);
    if (!report.done) return "it cannot be done again\n";
    entries_[number - 1].undone = false;
    std::string text = lines(report.names);
    for (std::size_t at = 0; (at = text.find(" again", at)) != std::string::npos;)
        text.erase(at, 6);
    return "did again " + title(entries_[number - 1], number) + text;
}

}  // namespace moonlet
