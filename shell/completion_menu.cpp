// SPDX-License-Identifier: Apache-2.0
#include "shell/completion_menu.h"

#include <algorithm>

#include "shell/lexer.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxLines = 12, kDescriptionLines = 3;

const std::string& shown(const Candidate& candidate) {
    return candidate.shown.empty() ? candidate.text : candidate.shown;
}

std::size_t columns_of(const std::string& text) {
    return static_cast<std::size_t>(text_width(text));
}

// Breaks at blanks; of more than `limit` lines the last ends in an ellipsis.
std::vector<std::string> wrapped(const std::string& text, std::size_t width, std::size_t limit) {
    std::vector<std::string> lines{""};
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
        std::string word = text.substr(at, end - at);
        bool fits = columns_of(lines.back()) + 1 + columns_of(word) <= width;
        if (!lines.back().empty() && !fits) lines.emplace_back();
        if (!lines.back().empty()) lines.back() += " ";
        lines.back() += word;
        if (end < text.size() && text[end] == '\n') lines.emplace_back();
        at = end + 1;
    }
    if (lines.size() > limit) {
        lines.resize(limit);
        lines.back() = fit_width(lines.back(), static_cast<int>(width) - 2) + " …";
    }
    return lines;
}

}  // namespace

void CompletionMenu::open(Completion completion) {
    completion_ = std::move(completion);
    selected_ = kNone;
}

const Candidate* CompletionMenu::selected() const {
    return selected_ < completion_.candidates.size() ? &completion_.candidates[selected_] : nullptr;
}

void CompletionMenu::move(std::size_t by, bool back) {
    std::size_t count = completion_.candidates.size();
    if (selected_ == kNone) {
        selected_ = back ? count - 1 : 0;
    } else {
        by %= count;
        selected_ = (selected_ + (back ? count - by : by)) % count;
    }
}

MenuStep CompletionMenu::handle(const Key& key) {
    switch (key.kind) {
        case KeyKind::tab:
        case KeyKind::down: move(1, false); return MenuStep::stay;
        case KeyKind::shift_tab:
        case KeyKind::up: move(1, true); return MenuStep::stay;
        case KeyKind::left:
        case KeyKind::right:
            if (!selected()) return MenuStep::key;
            move(lines_, key.kind == KeyKind::left);
            return MenuStep::stay;
        case KeyKind::enter: return selected() ? MenuStep::take : MenuStep::key;
        case KeyKind::escape: return MenuStep::close;
        case KeyKind::text:
            return selected() && !is_name_char(key.text[0]) ? MenuStep::take_then_key
                                                            : MenuStep::key;
        default: return MenuStep::key;
    }
}

void CompletionMenu::add_description(
    std::vector<Row>& rows, std::size_t width,
    const std::function<std::string(const Candidate&)>& describe) const {
    if (!selected() || !describe) return;
    std::string text = describe(*selected());
    if (text.empty()) return;
    for (const auto& line : wrapped(text, width, kDescriptionLines)) {
        rows.push_back(make_row(line, Style::dim, width));
    }
}

std::vector<Row> CompletionMenu::rows(
    std::size_t width, bool color,
    const std::function<std::string(const Candidate&)>& describe) const {
    std::vector<Row> rows;
    const auto& all = completion_.candidates;
    if (all.empty()) return rows;
    std::size_t widest = 0, pad = color ? 0 : 1;
    bool notes = false;
    for (const auto& candidate : all) {
        widest = std::max(widest, columns_of(shown(candidate)));
        notes = notes || !candidate.note.empty();
    }
    std::size_t cell = widest + 2 + pad;
    std::size_t columns = notes ? 1 : std::max<std::size_t>(1, (width + 2) / cell);
    std::size_t lines = lines_ = (all.size() + columns - 1) / columns;
    std::size_t at = selected() ? selected_ % lines : 0;
    std::size_t first = at < kMaxLines ? 0 : at + 1 - kMaxLines;
    std::size_t last = std::min(lines, first + kMaxLines);
    for (std::size_t r = first; r < last; ++r) {
        Row row;
        for (std::size_t c = 0; c < columns; ++c) {
            std::size_t i = c * lines + r;
            if (i >= all.size()) break;
            bool here = i == selected_;
            std::string name = shown(all[i]);
            std::size_t gap = cell - pad - columns_of(name);
            if (!color) name = (here ? "[" : " ") + name + (here ? "]" : "");
            if (!color && here) --gap;
            std::size_t left = width - std::min(width, c * cell);
            Row cells = make_row(name, here ? Style::selected : Style::plain, left);
            row.insert(row.end(), cells.begin(), cells.end());
            left -= std::min(left, columns_of(name));
            cells = make_row(std::string(gap, ' '), Style::plain, left);
            row.insert(row.end(), cells.begin(), cells.end());
            left -= std::min(left, gap);
            if (all[i].note.empty()) continue;
            cells = make_row(all[i].note, Style::dim, left);
            row.insert(row.end(), cells.begin(), cells.end());
        }
        rows.push_back(std::move(row));
    }
    if (lines > last) {
        std::size_t left = columns == 1 ? lines - last : (lines - last) * columns;
        rows.push_back(make_row("… " + std::to_string(std::min(left, all.size())) + " more",
                                Style::dim, width));
    }
    add_description(rows, width, describe);
    return rows;
}

}  // namespace moonlet
