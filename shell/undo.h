// SPDX-License-Identifier: Apache-2.0
// Undo and redo of a text: one step is what changed between two notes, kept as the part that was
// replaced and what replaced it. Steps of one group (a word typed, one insertion of vi) become one.
// Knows no keys and no buffer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moonlet {

class UndoLog {
  public:
    void start(const std::string& text, std::size_t cursor);  // forgets all steps
    // After every key: takes the difference to the last note. group 0 joins nothing.
    void note(const std::string& text, std::size_t cursor, unsigned group);

    // false: there is no such step. Else `text` and `cursor` are what they were before or after it.
    bool undo(std::string* text, std::size_t* cursor);
    bool redo(std::string* text, std::size_t* cursor);

  private:
    struct Step {
        std::size_t at;
        std::string removed, inserted;
        std::size_t cursor_before, cursor_after;
        unsigned group;
    };
    std::string text_;
    std::size_t cursor_ = 0;
    std::vector<Step> steps_;
    std::size_t done_ = 0;   // steps_[done_] is the next to redo
    std::size_t bytes_ = 0;  // that steps_ holds

    static Step difference(const std::string& from, const std::string& to);
    void apply(std::size_t at, std::size_t size, const std::string& instead);
    void drop(std::size_t from);
};

}  // namespace moonlet
