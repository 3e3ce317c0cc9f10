// SPDX-License-Identifier: Apache-2.0
#include "shell/editor_state.h"

#include <algorithm>
#include <utility>

#include "shell/highlighter.h"
#include "shell/paste.h"
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
    effect_ = KeyEffect::none;
    pending_ = Pending::nothing;
    undo_.start(draft, draft.size());
    vi_ = vi_wanted_;
    vi_keys_.start();
    searching_ = false;
    menu_.close();
    ghost_.forget();
}

EditAction EditorState::handle(const Key& given, bool more_input) {
    EditAction action = EditAction::redraw;
    bool equals = std::exchange(took_equals_, false);
    if (searching_ && search_key(given, &action)) return action;
    if (menu_.is_open() && menu_key(given)) return action;
    Key key = given;
    if ((std::exchange(took_equals_, false) || equals) && key.kind == KeyKind::text &&
        key.text[0] == '=') {
        key.text.erase(0, 1);  // habit types it behind `name=`
        if (key.text.empty()) return action;
    }
    if (ghost_key(key)) return action;
    now_ = Last::other;
    action = this->key(key, more_input);
    last_ = now_;
    // Of megabytes that come in pieces only the whole is a step.
    constexpr std::size_t kLong = 65536;
    if (!more_input || buffer_.text().size() < kLong) note(key);
    offer_ghost(key, more_input);
    return action;
}

// A word typed is one step of undo, and so is a run of erased characters, an insertion of vi.
void EditorState::note(const Key& key) {
    unsigned group = 0;
    if (vi_) {
        group = vi_keys_.change() * 2 + 1;
    } else if (effect_ == KeyEffect::typed || effect_ == KeyEffect::erased) {
        bool blank = key.kind == KeyKind::text && key.text.find(' ') != std::string::npos;
        if (blank || effect_ != group_effect_) ++typing_;
        group = typing_ * 2;
    } else {
        ++typing_;
    }
    group_effect_ = effect_;
    undo_.note(buffer_.text(), buffer_.cursor(), group);
}

bool EditorState::step(bool redo) {
    std::string text;
    std::size_t cursor;
    undo_.note(buffer_.text(), buffer_.cursor(), 0);
    if (!(redo ? undo_.redo(&text, &cursor) : undo_.undo(&text, &cursor))) return false;
    if (vi_) cursor = vi_on_character(text, cursor);
    buffer_.set(std::move(text), cursor);
    return true;
}

void EditorState::set_text(const std::string& text) {
    buffer_.set(text);
    undo_.note(buffer_.text(), buffer_.cursor(), 0);
}

int EditorState::cursor_shape() const {
    if (!vi_) return 0;
    switch (vi_keys_.mode()) {
        case ViKeys::Mode::insert: return 6;
        case ViKeys::Mode::replace: return 4;
        default: return 2;
    }
}

EditAction EditorState::key(const Key& key, bool more_input) {
    Pending pending = pending_;
    pending_ = Pending::nothing;
    if (pending == Pending::quoted) {
        effect_ = KeyEffect::none;
        quoted(key);
        return EditAction::redraw;
    }
    if (pending == Pending::control_x && key.kind == KeyKind::control) {
        if (key.code == 'u') step(false);
        if (key.code == 'r') step(true);
        return key.code == 'e' ? EditAction::open_editor : EditAction::redraw;
    }
    return vi_ ? vi_key(key, more_input) : edit(key, more_input);
}

// Ctrl-V: the next key as the character it stands for.
void EditorState::quoted(const Key& key) {
    switch (key.kind) {
        case KeyKind::text:
        case KeyKind::paste: buffer_.insert(key.text); break;
        case KeyKind::control:
            buffer_.insert(std::string(1, static_cast<char>(key.code & 0x1f)));
            break;
        case KeyKind::alt: buffer_.insert(std::string("\x1b") + key.code); break;
        case KeyKind::tab: buffer_.insert("\t"); break;
        case KeyKind::enter: buffer_.insert("\n"); break;
        case KeyKind::escape: buffer_.insert("\x1b"); break;
        default: break;
    }
}

EditAction EditorState::vi_key(const Key& given, bool more_input) {
    bool letters = given.kind == KeyKind::text && vi_keys_.mode() == ViKeys::Mode::command;
    std::size_t at = 0;
    do {
        Key key = given;
        if (letters) {
            std::size_t end = next_cluster(given.text, at);
            // What came at once behind a command that inserts is text.
            if (vi_keys_.mode() != ViKeys::Mode::command) end = given.text.size();
            key.text = given.text.substr(at, end - at);
            at = end;
        }
        bool inserting = vi_keys_.mode() != ViKeys::Mode::command;
        ViAsk ask = vi_keys_.handle(key);
        switch (ask) {
            case ViAsk::undo: step(false); break;
            case ViAsk::redo: step(true); break;
            case ViAsk::older: older(); break;
            case ViAsk::newer: newer(); break;
            case ViAsk::search: open_search(); break;
            case ViAsk::nothing: break;
            case ViAsk::pass: {
                if (!inserting && key.kind == KeyKind::enter) {
                    EditAction action = enter(false);
                    if (action == EditAction::redraw) vi_keys_.start();  // the entry goes on
                    return action;
                }
                bool over = vi_keys_.mode() == ViKeys::Mode::replace && key.kind == KeyKind::text;
                for (std::size_t i = 0; over && i < key.text.size();) {
                    std::size_t line_end = buffer_.end_of_line(buffer_.cursor());
                    if (buffer_.cursor() < line_end) buffer_.erase_right();
                    i = next_cluster(key.text, i);
                }
                EditAction action = edit(key, more_input);
                if (inserting) {
                    vi_keys_.inserted(key);
                } else {
                    buffer_.move(vi_on_character(buffer_.text(), buffer_.cursor()));
                }
                if (action != EditAction::redraw) return action;
            }
        }
        undo_.note(buffer_.text(), buffer_.cursor(), vi_keys_.change() * 2 + 1);
    } while (letters && at < given.text.size());
    return EditAction::redraw;
}

EditAction EditorState::edit(const Key& key, bool more_input) {
    KeyEffect before = effect_;
    bool leaves = key.kind == KeyKind::control && key.code == 'd' && buffer_.text().empty();
    if (leaves) return EditAction::leave;
    effect_ = emacs_key(key, buffer_, before);
    if (effect_ != KeyEffect::none) return EditAction::redraw;
    switch (key.kind) {
        case KeyKind::text:
            buffer_.insert(key.text);
            effect_ = KeyEffect::typed;
            if (!more_input) buffer_.dedent();
            break;
        case KeyKind::paste: paste(key.text); break;
        case KeyKind::enter: return enter(more_input);
        case KeyKind::tab: complete(); break;
        case KeyKind::up:
            if (last_ == Last::history || !buffer_.up()) older();
            break;
        case KeyKind::down:
            if (last_ == Last::history || !buffer_.down()) newer();
            break;
        case KeyKind::page_up: older(); break;
        case KeyKind::page_down: newer(); break;
        case KeyKind::control: return control(key.code);
        case KeyKind::alt:
            if (key.code == '_') step(true);
            break;
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
    switch (code) {
        case 'c': return EditAction::cancel;
        case 'l': return EditAction::clear_screen;
        case 'n': newer(); break;
        case 'p': older(); break;
        case 'q':
        case 'v': pending_ = Pending::quoted; break;
        case 'r': open_search(); break;
        case 'x': pending_ = Pending::control_x; break;
        case 'z': return EditAction::suspend;
        case '_': step(false); break;
        default: break;
    }
    return EditAction::redraw;
}

void EditorState::open_search() {
    searching_ = true;
    draft_ = buffer_.text();
    draft_cursor_ = buffer_.cursor();
    search_.open(history_);
    if (search_.chosen()) buffer_.set(*search_.chosen());
}

void EditorState::paste(const std::string& text) {
    std::string clean = pasted_text(text, buffer_.cursor() == buffer_.text().size());
    if (buffer_.text().empty()) clean = without_prompts(clean, hooks_.is_complete);
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
    took_equals_ = !text.empty() && text.back() == '=';
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
