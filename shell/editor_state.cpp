// SPDX-License-Identifier: Apache-2.0
#include "shell/editor_state.h"

#include <algorithm>

#include "shell/highlighter.h"
#include "shell/text.h"

namespace moonlet {
namespace {

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

void EditorState::start(const std::string& draft) {
    history_.refresh();
    buffer_.set(draft);
    last_ = now_ = Last::other;
    searching_ = false;
    menu_.close();
    ghost_.forget();
}

EditAction EditorState::handle(const Key& key, bool more_input) {
    EditAction action = EditAction::redraw;
    if (searching_ && search_key(key, &action)) return action;
    if (menu_.is_open() && menu_key(key)) return action;
    if (ghost_key(key)) return action;
    now_ = Last::other;
    action = edit(key, more_input);
    last_ = now_;
    offer_ghost(key, more_input);
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
    bool further = start.size() > typed.size() && start.compare(0, typed.size(), typed) == 0;
    if (found.candidates.size() == 1) return take(found, found.candidates[0].text);
    if (further) return take(found, start);
    menu_.open(std::move(found));
}

void EditorState::take(const Completion& completion, const std::string& text) {
    std::string next = buffer_.text();
    next.replace(completion.begin, completion.end - completion.begin, text);
    buffer_.set(std::move(next), completion.begin + text.size());
}

// True when the key was the menu's; else it is closed.
bool EditorState::menu_key(const Key& key) {
    MenuStep step = menu_.handle(key);
    if (step == MenuStep::stay) return true;
    if (step == MenuStep::take || step == MenuStep::take_then_key)
        take(menu_.completion(), menu_.selected()->text);
    menu_.close();
    last_ = Last::other;
    return step == MenuStep::take || step == MenuStep::close;
}

// Takes what is suggested, or a word of it, where the key would move right at the end of the text.
bool EditorState::ghost_key(const Key& key) {
    bool shown = !ghost_.rest().empty() && buffer_.cursor() == buffer_.text().size();
    bool control = key.kind == KeyKind::control && (key.code == 'f' || key.code == 'e');
    bool all = key.kind == KeyKind::right || key.kind == KeyKind::end || control;
    bool word = key.kind == KeyKind::word_right || (key.kind == KeyKind::alt && key.code == 'f');
    if (!shown || (!all && !word)) return false;
    buffer_.insert(all ? ghost_.rest() : ghost_.word());
    last_ = Last::other;
    ghost_.offer(history_.entries(), buffer_.text());
    if (all) ghost_.clear();
    return true;
}

// Only after typing and erasing: behind a line out of the history a second one would be in the way.
void EditorState::offer_ghost(const Key& key, bool more_input) {
    ghost_.clear();
    bool typed = key.kind == KeyKind::text || key.kind == KeyKind::backspace;
    if (!hooks_.ghost || !typed || more_input || searching_) return;
    if (buffer_.cursor() == buffer_.text().size()) ghost_.offer(history_.entries(), buffer_.text());
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
    if (final) return result;
    if (color && !ghost_.rest().empty()) {
        result.text += ghost_.shown();
        result.styles.resize(result.text.size(), Style::dim);
    }
    if (searching_) {
        result.below = search_.rows(width);
    } else if (menu_.is_open()) {
        result.below = menu_.rows(width, color, hooks_.describe);
    } else if (hooks_.hint) {
        result.below = hooks_.hint(buffer_.text(), buffer_.cursor(), width, color);
    }
    return result;
}

}  // namespace moonlet
