// SPDX-License-Identifier: Apache-2.0
// Reads one entry from a terminal: bytes to keys, keys to the editor state, its drawing to the
// screen by difference. Also the plain reader for TERM=dumb and pipes, which edits nothing.
#pragma once

#include <functional>
#include <string>

#include "shell/editor_state.h"
#include "shell/keys.h"
#include "shell/terminal.h"

namespace moonlet {

// leave: Ctrl-D; closed: there is no input any more.
// next and back: PageDown and PageUp, while there is a draft to leave alone.
enum class EntryResult { entry, cancelled, leave, closed, next, back };

class LineEditor {
  public:
    LineEditor(Terminal& terminal, History& history, EditorHooks hooks, bool color);

    // The terminal is in its own mode again on return. fresh_line: the cursor may stand behind
    // output that ended without a line break; the prompt then starts on a new line.
    EntryResult read(const std::string& prompt, const std::string& prompt2, bool fresh_line,
                     std::string* entry);

    // The next read() starts with this text, the cursor behind it.
    void set_draft(std::string text) { draft_ = std::move(text); }
    // The keys of vi from the next entry on.
    void use_vi(bool on) { state_.use_vi(on); }

    // A Ctrl-C was typed behind the entry before the terminal could make a signal of it. Clears it,
    // with the keys before it.
    bool take_early_interrupt();

  private:
    Terminal& terminal_;
    EditorState state_;
    KeyDecoder decoder_;
    bool color_;
    std::string prompt_, prompt2_, draft_;
    Frame screen_;
    std::size_t width_ = 80, first_row_ = 0;
    bool asked_ = false, waits_for_answer_ = false;  // for the terminal's background
    int shape_ = 0;      // of the cursor, as DECSCUSR has it
    std::string above_;  // written by others while an entry is edited, its last line unfinished

    void draw(bool final, const std::string& before = {});
    void redraw_resized();
    void show_above(bool unfinished_too);
    void start_line();
    void show_shape(int shape);
    void open_editor();
    void finish(const char* mark);
    void ask_background(const Key& key);
    bool take_reply(const Key& key);
};

// Reads an entry without editing: lines from stdin until `is_complete`. No prompt when it is empty.
// interrupted() tells whether a read ended by a signal was a Ctrl-C.
EntryResult read_plain(const std::string& prompt, const std::string& prompt2,
                       const EditorHooks& hooks, const std::function<bool()>& interrupted,
                       std::string* entry);

}  // namespace moonlet
