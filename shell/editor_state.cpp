// SPDX-License-Identifier: Apache-2.0
#include "shell/editor_state.h"

#include <algorithm>

#include "shell/highlighter.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kMenuRows = 12;

std::string common_start(const std::vector<Candidate>& candidates) {
    std::string start = candidates[0].text;
    for (const auto& candidate : candidates) {
        std::size_t n = 0;
        while (n < start.size() && n < candidate.text.size() && start[n] == candidate.text[n]) ++n;
        start.resize(n);
    }
    while (!start.empty() && (start.back() & 0x80)) {  // never half a character
        bool whole = std::all_of(candidates.begin(), candidates.end(), [&](const Candidate& c) {
            return c.text.size() == start.size() || (c.text[start.size()] & 0xc0) != 0x80;
        });
        if (whole) break;
        start.pop_back();
    }
    return start;
}

}  // namespace

EditorState::EditorState(History& history, EditorHooks hooks)
    : history_(history), hooks_(std::move(hooks)) {}

void EditorState::start() {
    history_.refresh();
    buffer_.set("");
    last_ = now_ = Last::other;
    searching_ = false;
    menu_.clear();
}

EditAction EditorState::handle(const Key& key, bool more_input) {
    EditAction action = EditAction::redraw;
    if (searching_ && search_key(key, &action)) return action;
    menu_.clear();
    now_ = Last::other;
    action = edit(key, more_input);
    last_ = now_;
    return action;
}

EditAction EditorState::edit(const Key& key, bool more_input) {
    switch (key.kind) {
        case KeyKind::text:
            buffer_.insert(key.text);
            if (!more_input) buffer_.dedent();
            break;
        case KeyKind::paste: paste(key.text); break;
        case KeyKind::enter: return enter(more_input);
        case KeyKind::alt_enter: buffer_.insert_line(); break;
        case KeyKind::tab: complete(); break;
        case KeyKind::backspace: buffer_.erase_left(); break;
        case KeyKind::erase: buffer_.erase_right(); break;
        case KeyKind::left: buffer_.left(); break;
        case KeyKind::right: buffer_.right(); break;
        case KeyKind::word_left: buffer_.word_left(); break;
        case KeyKind::word_right: buffer_.word_right(); break;
        case KeyKind::home: buffer_.line_start(); break;
        case KeyKind::end: buffer_.line_end(); break;
        case KeyKind::up:
            if (last_ == Last::history || !buffer_.up()) older();
            break;
        case KeyKind::down:
            if (last_ == Last::history || !buffer_.down()) newer();
            break;
        case KeyKind::control: return control(key.code);
        case KeyKind::alt: alt(key.code); break;
        default: break;
    }
    return EditAction::redraw;
}

EditAction EditorState::enter(bool more_input) {
    const std::string& text = buffer_.text();
    std::size_t first = text.find_first_not_of(" \t\n");
    bool no_lua = first == std::string::npos || text[first] == ':' || text[first] == '?';
    if (no_lua || (buffer_.on_last_line() && hooks_.is_complete(text))) return EditAction::accept;
    if (more_input) {
        buffer_.insert("\n");
    } else {
        buffer_.insert_line();
    }
    return EditAction::redraw;
}

EditAction EditorState::control(char code) {
    bool more = last_ == Last::kill;
    switch (code) {
        case 'a': buffer_.line_start(); break;
        case 'b': buffer_.left(); break;
        case 'c': return EditAction::cancel;
        case 'd':
            if (buffer_.text().empty()) return EditAction::leave;
            buffer_.erase_right();
            break;
        case 'e': buffer_.line_end(); break;
        case 'f': buffer_.right(); break;
        case 'k':
            buffer_.kill_to_line_end(more);
            now_ = Last::kill;
            break;
        case 'l': return EditAction::clear_screen;
        case 'n': newer(); break;
        case 'p': older(); break;
        case 'r':
            searching_ = true;
            draft_ = buffer_.text();
            draft_cursor_ = buffer_.cursor();
            search_.open(history_);
            if (search_.chosen()) buffer_.set(*search_.chosen());
            break;
        case 'u':
            buffer_.kill_to_line_start(more);
            now_ = Last::kill;
            break;
        case 'w':
            buffer_.kill_word_left(true, more);
            now_ = Last::kill;
            break;
        case 'y': buffer_.yank(); break;
        case 'z': return EditAction::suspend;
        default: break;
    }
    return EditAction::redraw;
}

void EditorState::alt(char code) {
    bool more = last_ == Last::kill;
    switch (code) {
        case 'b': buffer_.word_left(); break;
        case 'f': buffer_.word_right(); break;
        case 'd':
            buffer_.kill_word_right(more);
            now_ = Last::kill;
            break;
        case 0x7f:
        case '\b':
            buffer_.kill_word_left(false, more);
            now_ = Last::kill;
            break;
        default: break;
    }
}

void EditorState::paste(std::string text) {
    std::string clean;
    clean.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') {
            if (i + 1 == text.size() || text[i + 1] != '\n') clean += '\n';
        } else if (text[i] == '\n' || text[i] == '\t' ||
                   static_cast<unsigned char>(text[i]) >= ' ') {
            clean += text[i];
        }
    }
    // The line break at the end is the person's to type: Enter runs the entry.
    bool at_end = buffer_.cursor() == buffer_.text().size();
    while (at_end && !clean.empty() && clean.back() == '\n') clean.pop_back();
    buffer_.insert(clean);
}

void EditorState::older() {
    now_ = Last::history;
    if (last_ != Last::history) walk_.start(buffer_.text(), buffer_.cursor());
    if (const std::string* entry = walk_.older(history_)) buffer_.set(*entry);
}

void EditorState::newer() {
    if (last_ != Last::history) return;
    now_ = Last::history;
    if (const std::string* entry = walk_.newer()) buffer_.set(*entry);
}

void EditorState::complete() {
    const std::string& text = buffer_.text();
    std::size_t line = text.rfind('\n', buffer_.cursor() ? buffer_.cursor() - 1 : 0);
    line = line == std::string::npos || line >= buffer_.cursor() ? 0 : line + 1;
    if (text.find_first_not_of(" \t", line) >= buffer_.cursor()) {
        buffer_.insert("  ");
        return;
    }
    Completion found = hooks_.complete(text, buffer_.cursor());
    if (found.candidates.empty()) return;
    std::string start = common_start(found.candidates);
    std::string typed = text.substr(found.begin, found.end - found.begin);
    if (found.candidates.size() > 1 && start.size() <= typed.size()) {
        menu_ = std::move(found.candidates);
        return;
    }
    std::string next = text.substr(0, found.begin) + start + text.substr(found.end);
    buffer_.set(std::move(next), found.begin + start.size());
}

// True when the key belonged to the search; else the search has ended and the key is an edit.
bool EditorState::search_key(const Key& key, EditAction* action) {
    HistorySearch::Step step = search_.handle(key);
    // Where nothing matches, what was chosen last stays.
    if (step == HistorySearch::Step::restore) buffer_.set(draft_, draft_cursor_);
    else if (search_.chosen()) buffer_.set(*search_.chosen(), search_.cursor());
    last_ = Last::other;
    if (step == HistorySearch::Step::stay) return true;
    searching_ = false;
    if (step == HistorySearch::Step::take_and_key) return false;
    if (step == HistorySearch::Step::run) {
        buffer_.set(buffer_.text());
        *action = enter(false);
    }
    return true;
}

std::vector<Row> EditorState::menu_rows(std::size_t width) const {
    std::vector<Row> rows;
    if (menu_.empty()) return rows;
    std::size_t widest = 0;
    bool notes = false;
    auto shown = [](const Candidate& c) { return c.shown.empty() ? c.text : c.shown; };
    for (const auto& candidate : menu_) {
        widest = std::max(widest, static_cast<std::size_t>(text_width(shown(candidate))));
        notes = notes || !candidate.note.empty();
    }
    std::size_t columns = notes ? 1 : std::max<std::size_t>(1, width / (widest + 2));
    std::size_t lines = (menu_.size() + columns - 1) / columns;
    for (std::size_t r = 0; r < std::min(lines, kMenuRows); ++r) {
        Row row;
        for (std::size_t c = 0; c < columns; ++c) {
            std::size_t i = notes ? r : c * lines + r;
            if (i >= menu_.size()) break;
            std::string name = shown(menu_[i]);
            std::string gap(widest + 2 - static_cast<std::size_t>(text_width(name)), ' ');
            std::size_t used = c * (widest + 2);
            Row cells = make_row(name + gap, Style::plain, width - std::min(width, used));
            row.insert(row.end(), cells.begin(), cells.end());
            if (notes && width > widest + 2) {
                cells = make_row(menu_[i].note, Style::dim, width - widest - 2);
                row.insert(row.end(), cells.begin(), cells.end());
            }
        }
        rows.push_back(std::move(row));
    }
    if (lines > kMenuRows) {
        std::size_t left = menu_.size() - (notes ? kMenuRows : kMenuRows * columns);
        rows.push_back(make_row("… " + std::to_string(left) + " more", Style::dim, width));
    }
    return rows;
}

EditorState::Drawing EditorState::drawing(const std::string& prompt, std::size_t width, bool color,
                                          bool final) const {
    Drawing result;
    result.prompt = prompt;
    if (searching_) result.prompt = search_.prompt();
    result.text = buffer_.text();
    result.cursor = final ? result.text.size() : buffer_.cursor();
    if (color) {
        std::size_t at = final ? std::string::npos : result.cursor;
        result.styles = highlight(result.text, at, hooks_.is_defined);
    }
    if (!final) result.below = searching_ ? search_.rows(width) : menu_rows(width);
    return result;
}

}  // namespace moonlet
