// SPDX-License-Identifier: Apache-2.0
// vi's command mode over an edit buffer: counts, operators, motions, text objects, the register,
// the last change for `.`. Insert mode's keys are the editor's own; this object only listens to
// them. Not here: macros, marks, named registers, visual mode, ex commands.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "shell/edit_buffer.h"
#include "shell/keys.h"
#include "shell/vi_motion.h"

namespace moonlet {

// What a key in command mode asks of the editor beyond the text.
enum class ViAsk { nothing, pass, undo, redo, older, newer, search };

class ViKeys {
  public:
    enum class Mode { insert, command, replace };

    // `insert` does an insert mode key as the editor does it; used to repeat changes.
    ViKeys(EditBuffer& buffer, std::function<void(const Key&)> insert);

    void start();  // a new entry begins, in insert mode
    Mode mode() const { return mode_; }
    // The number of the change that goes on, for undo: one insertion is one step.
    unsigned change() const { return change_; }

    // Command mode, and Esc in the others; text comes one character at a time. `pass`: not vi's,
    // the editor does what it does else. nothing: it is done.
    ViAsk handle(const Key& key);
    // A key that insert mode has done.
    void inserted(const Key& key);

  private:
    EditBuffer& buffer_;
    std::function<void(const Key&)> insert_;
    Mode mode_ = Mode::insert;
    unsigned change_ = 1;

    // The command being typed.
    std::size_t count_ = 0, operator_count_ = 0;
    char operator_ = 0, prefix_ = 0;  // d c y < >; f F t T r g i a, waiting for a character
    ViFind find_;
    std::string register_;
    bool register_lines_ = false;

    // For `.` and for counts of insertions.
    std::vector<Key> typed_, last_;
    std::size_t insert_count_ = 1, inserted_from_ = 0;
    bool repeating_ = false, changed_ = false;

    ViAsk escape();
    ViAsk character(const std::string& cluster);
    ViAsk command(char key);
    ViAsk waited(const std::string& cluster);
    void move_to(const ViMotion& motion);
    void operate(ViRange range);
    void lines(std::size_t count, char key);
    void take(ViRange range);
    void put(bool behind);
    void enter_insert(Mode mode = Mode::insert);
    void toggle_case(std::size_t count);
    void join(std::size_t count);
    void repeat(std::size_t count);
    void finish();
    std::size_t count() const;
    std::size_t times() const { return count() > 0 ? count() : 1; }
};

}  // namespace moonlet
