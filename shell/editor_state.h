// SPDX-License-Identifier: Apache-2.0
// What each key does to the entry being edited: editing, history, incremental search, completion,
// when Enter ends the entry. It reads no bytes and draws nothing; line_editor does both, tests
// neither.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/completion_menu.h"
#include "shell/edit_buffer.h"
#include "shell/emacs_keys.h"
#include "shell/ghost.h"
#include "shell/history.h"
#include "shell/history_search.h"
#include "shell/history_walk.h"
#include "shell/keys.h"
#include "shell/render.h"
#include "shell/undo.h"
#include "shell/vi_keys.h"

namespace moonlet {

// What the editor asks the rest of the shell. None may throw or print.
struct EditorHooks {
    std::function<bool(const std::string& text)> is_complete;
    std::function<Completion(const std::string& text, std::size_t cursor)> complete;
    std::function<bool(std::string_view name)> is_defined{};  // empty: no name is shown as unknown
    // What is known of a candidate, for the menu; what the call at the cursor wants, as rows.
    std::function<std::string(const Candidate&)> describe{};
    std::function<std::vector<Row>(const std::string& text, std::size_t cursor, std::size_t width,
                                   bool color)>
        hint{};
    bool ghost = false;  // suggest from the history: needs colours, or it would look like text
};

enum class EditAction { redraw, accept, cancel, leave, clear_screen, suspend, open_editor };

class EditorState {
  public:
    EditorState(History& history, EditorHooks hooks);

    void start(const std::string& draft = {});  // a new entry with this text in it
    // more_input: further keys are already there, as in an unmarked paste: no indentation is added.
    EditAction handle(const Key& key, bool more_input);

    const std::string& text() const { return buffer_.text(); }
    void set_text(const std::string& text);  // a step of undo

    // From the next entry on: vi's keys or those of emacs.
    void use_vi(bool on) { vi_wanted_ = on; }
    // What DECSCUSR makes of the cursor: block, bar or underline with vi's keys, else 0, the
    // terminal's own.
    int cursor_shape() const;

    // What to draw. While searching the prompt is the search's own. `final`: the entry is done, no
    // list and no bracket match.
    struct Drawing {
        std::string prompt;
        std::string text;
        std::size_t cursor;
        std::vector<Style> styles;
        std::vector<Row> below;
    };
    Drawing drawing(const std::string& prompt, std::size_t width, bool color, bool final) const;

  private:
    enum class Last { other, history };

    History& history_;
    EditorHooks hooks_;
    EditBuffer buffer_;
    Last last_ = Last::other, now_ = Last::other;
    KeyEffect effect_ = KeyEffect::none, group_effect_ = KeyEffect::none;  // of the key before
    UndoLog undo_;
    unsigned typing_ = 1;  // the group of undo that typed text joins
    bool vi_ = false, vi_wanted_ = false;
    ViKeys vi_keys_{buffer_, [this](const Key& key) { edit(key, true); }};
    enum class Pending { nothing, quoted, control_x } pending_ = Pending::nothing;

    HistoryWalk walk_;
    bool searching_ = false;
    HistorySearch search_;
    std::string draft_;  // while searching
    std::size_t draft_cursor_ = 0;
    CompletionMenu menu_;
    bool took_equals_ = false;  // completion put a `=` before the cursor with the last key
    Ghost ghost_;

    EditAction key(const Key& key, bool more_input);
    EditAction vi_key(const Key& key, bool more_input);
    EditAction edit(const Key& key, bool more_input);
    void quoted(const Key& key);
    void note(const Key& key);
    bool step(bool redo);
    void open_search();
    EditAction enter(bool more_input);
    EditAction control(char code);
    void paste(const std::string& text);
    void older();
    void newer();
    void complete();
    bool search_key(const Key& key, EditAction* action);
    bool menu_key(const Key& key);
    bool ghost_key(const Key& key);
    void offer_ghost(const Key& key, bool more_input);
    void take(const Completion& completion, const std::string& text);
};

}  // namespace moonlet
