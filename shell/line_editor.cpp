// SPDX-License-Identifier: Apache-2.0
#include "shell/line_editor.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "shell/external_editor.h"
#include "shell/terminal_query.h"
#include "shell/theme.h"

namespace moonlet {
namespace {

constexpr int kAnswerWait = 100;  // ms that Enter waits for an answer that is still to come
constexpr int kEscapeWait = 50;   // ms after which a lone ESC is the Escape key
constexpr int kLineWait = 50;     // ms after which a line of others counts as whole
constexpr std::chrono::milliseconds kDrawPause{30};
constexpr std::size_t kLongText = 65536;

}  // namespace

LineEditor::LineEditor(Terminal& terminal, History& history, EditorHooks hooks, bool color)
    : terminal_(terminal), state_(history, std::move(hooks)), color_(color) {}

void LineEditor::draw(bool final, const std::string& before) {
    width_ = terminal_.width();
    auto drawing = state_.drawing(prompt_, width_, color_, final);
    EditView view{drawing.text, drawing.cursor, drawing.prompt,
                  prompt2_,     drawing.styles, drawing.below};
    Frame next = render_part(view, width_, terminal_.height(), &first_row_);
    terminal_.write(before + diff(screen_, next, color_));
    screen_ = std::move(next);
    show_shape(final ? 0 : state_.cursor_shape());
}

void LineEditor::show_shape(int shape) {
    if (shape == shape_) return;
    shape_ = shape;
    terminal_.write("\x1b[" + std::to_string(shape) + " q");
}

// The draft in $EDITOR; what it cannot do is said above the entry.
void LineEditor::open_editor() {
    draw(true);
    terminal_.write("\r\n");
    terminal_.leave_raw();
    std::string text = state_.text();
    std::string problem = edit_in_editor(&text);
    if (!terminal_.enter_raw()) return;
    if (!problem.empty()) terminal_.write(problem + "\r\n");
    state_.set_text(text);
    screen_ = Frame{};
}

void LineEditor::redraw_resized() {
    std::size_t rows;
    terminal_.write(
        erase_resized(screen_, terminal_.width(), terminal_.height(), Terminal::rewraps(), &rows));
    screen_ = Frame{};
    screen_.rows.assign(rows, Row{});
    draw(false);
}

// What others wrote goes where the entry stood, and the entry below it.
void LineEditor::show_above(bool unfinished_too) {
    if (unfinished_too && !above_.empty() && above_.back() != '\n') above_ += '\n';
    std::size_t end = above_.rfind('\n');
    if (end == std::string::npos) return;
    std::string out;
    if (screen_.cursor_row > 0) out = "\x1b[" + std::to_string(screen_.cursor_row) + "A";
    out += "\r\x1b[J" + above_.substr(0, end + 1);
    above_.erase(0, end + 1);
    screen_ = Frame{};
    draw(false, out);  // in one write: the entry is never seen missing
}

// A mark and blanks to the end of the row: at column 0 they fill it and are erased, elsewhere they
// wrap, and the mark stays behind the unfinished line.
void LineEditor::start_line() {
    std::size_t width = terminal_.width();
    std::string mark = color_ ? "\x1b[7m%\x1b[0m" : "%";
    terminal_.write(mark + std::string(width - 1, ' ') + "\r\x1b[K");
}

// With the first letter, so that the prompt waits for nothing; the answer comes among the keys.
void LineEditor::ask_background(const Key& key) {
    if (asked_ || !color_ || key.kind != KeyKind::text) return;
    asked_ = true;
    if (background() != Background::unknown || !knows_background_question()) return;
    terminal_.write(kAskBackground);
    waits_for_answer_ = true;
}

// True when the key was the terminal's, not the person's.
bool LineEditor::take_reply(const Key& key) {
    if (key.kind != KeyKind::reply) return false;
    if (key.text[0] == '[') waits_for_answer_ = false;  // the fence: no more is to come
    if (take_background_reply(key.text)) redraw_resized();
    return true;
}

void LineEditor::finish(const char* mark) {
    draw(true);
    terminal_.write(std::string(mark) + "\r\n");
    // Keys that came with Enter are kept for the next entry, but a Ctrl-C among them was meant for
    // what runs now.
    // An answer to come is waited for, once: what runs now would read it, or the screen show it.
    using Clock = std::chrono::steady_clock;
    auto limit = Clock::now() + std::chrono::milliseconds(waits_for_answer_ ? kAnswerWait : 0);
    while (true) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - Clock::now());
        bool waits = waits_for_answer_ && !decoder_.has_answer_end() && left.count() > 0;
        std::string more;
        ReadResult result = terminal_.read(&more, waits ? static_cast<int>(left.count()) : 0);
        if (result == ReadResult::bytes) decoder_.feed(more);
        if (result == ReadResult::output) above_ += more;
        if (!waits || result == ReadResult::closed) break;
    }
    waits_for_answer_ = false;
    if (!above_.empty()) terminal_.write(above_ + (above_.back() == '\n' ? "" : "\n"));
    above_.clear();
    terminal_.leave_raw();
}

bool LineEditor::take_early_interrupt() { return decoder_.drop_through_interrupt(); }

EntryResult LineEditor::read(const std::string& prompt, const std::string& prompt2, bool fresh_line,
                             std::string* entry) {
    prompt_ = prompt;
    prompt2_ = prompt2;
    screen_ = Frame{};
    first_row_ = 0;
    bool drafted = !draft_.empty();
    state_.start(std::exchange(draft_, {}));
    if (!terminal_.enter_raw()) return EntryResult::closed;
    decoder_.feed(take_early_keys());
    if (fresh_line) start_line();
    bool no_more = false, waiting = false;  // waiting: there is something to draw
    draw(false);
    auto drawn = std::chrono::steady_clock::now();
    while (true) {
        Key key;
        bool dirty = false;
        while (decoder_.next(&key, no_more)) {
            if (take_reply(key)) continue;
            dirty = true;
            if (drafted && (key.kind == KeyKind::page_down || key.kind == KeyKind::page_up)) {
                finish("");
                return key.kind == KeyKind::page_down ? EntryResult::next : EntryResult::back;
            }
            ask_background(key);
            bool more =
                decoder_.pending() || (state_.text().size() > kLongText && terminal_.has_input());
            switch (state_.handle(key, more)) {
                case EditAction::redraw: break;
                case EditAction::accept:
                    finish("");
                    *entry = state_.text();
                    return EntryResult::entry;
                case EditAction::cancel:
                    finish("^C");
                    *entry = state_.text();
                    return EntryResult::cancelled;
                case EditAction::leave: finish(""); return EntryResult::leave;
                case EditAction::clear_screen:
                    terminal_.write("\x1b[H\x1b[2J");
                    screen_ = Frame{};
                    break;
                case EditAction::suspend:
                    draw(true);
                    terminal_.write("\r\n");
                    terminal_.suspend();
                    screen_ = Frame{};
                    break;
                case EditAction::open_editor: open_editor(); break;
            }
        }
        waiting = waiting || dirty;
        // What comes faster than it can be drawn is drawn now and then.
        auto now = std::chrono::steady_clock::now();
        if (waiting && (now - drawn > kDrawPause || !terminal_.has_input())) {
            draw(false);
            drawn = std::chrono::steady_clock::now();
            waiting = false;
        }
        no_more = false;
        std::string bytes;
        bool waits = decoder_.pending() && !decoder_.in_paste();
        int limit = waiting ? 0 : waits ? kEscapeWait : above_.empty() ? -1 : kLineWait;
        switch (terminal_.read(&bytes, limit)) {
            case ReadResult::bytes: decoder_.feed(bytes); break;
            case ReadResult::output:
                above_ += bytes;
                show_above(false);
                break;
            case ReadResult::timeout:
                no_more = waits && !waiting;
                show_above(true);
                break;
            case ReadResult::resized: redraw_resized(); break;
            case ReadResult::closed:
                terminal_.leave_raw();
                *entry = state_.text();  // the draft
                return EntryResult::closed;
        }
    }
}

EntryResult read_plain(const std::string& prompt, const std::string& prompt2,
                       const EditorHooks& hooks, const std::function<bool()>& interrupted,
                       std::string* entry) {
    entry->clear();
    bool first = true;
    while (true) {
        std::fputs(first ? prompt.c_str() : prompt2.c_str(), stdout);
        std::fflush(stdout);
        std::string line;
        int c;
        errno = 0;
        while ((c = std::getc(stdin)) != EOF && c != '\n') line += static_cast<char>(c);
        if (c == EOF && errno == EINTR) {
            std::clearerr(stdin);
            if (!interrupted()) continue;
            std::fputs("\n", stdout);
            return EntryResult::cancelled;
        }
        if (c == EOF && line.empty() && first) return EntryResult::closed;
        *entry += first ? line : "\n" + line;
        first = false;
        std::size_t start = entry->find_first_not_of(" \t\n");
        bool no_lua =
            start == std::string::npos || (*entry)[start] == ':' || (*entry)[start] == '?';
        if (c == EOF || no_lua || hooks.is_complete(*entry)) return EntryResult::entry;
    }
}

}  // namespace moonlet
