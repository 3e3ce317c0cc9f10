// SPDX-License-Identifier: Apache-2.0
// The text being edited: a UTF-8 string with lines divided by \n, a cursor between two grapheme
// clusters, and the texts last killed. No history, no terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "shell/kill_ring.h"

namespace moonlet {

enum class WordCase { upper, lower, capital };

class EditBuffer {
  public:
    const std::string& text() const { return text_; }
    std::size_t cursor() const { return cursor_; }
    void set(std::string text, std::size_t cursor = std::string::npos);

    void move(std::size_t cursor);  // a byte within a cluster counts as its end
    void insert(std::string_view what);
    void replace(std::size_t begin, std::size_t end, std::string_view instead);  // cursor behind it
    // Line break with the indentation that the text before it asks for.
    void insert_line();
    // After typing: a line of blanks and one closing word moves to the opener's indentation.
    void dedent();

    // Each returns false when there was nothing to do.
    bool left();
    bool right();
    bool up();  // one line up within the text, keeping the column where it can
    bool down();
    void line_start();
    void line_end();
    void word_left();
    void word_right();

    // In the blanks that indent a line: two of them. Of a Hangul syllable in parts: the last part,
    // as it was typed.
    bool erase_left();
    bool erase_right();
    // Erase and remember for yank(). With `more` the killed text joins the one before.
    void kill_to_line_end(bool more);
    void kill_to_line_start(bool more);
    void kill_word_left(bool to_blank, bool more);
    void kill_word_right(bool more);
    void kill_range(std::size_t begin, std::size_t end);
    void yank();
    bool yank_older();  // right behind a yank: the killed text before it instead

    // In edit_words.cpp.
    void transpose();
    void transpose_words();
    void case_word(WordCase wanted);  // from the cursor to the end of the word

    std::size_t start_of_line(std::size_t at) const;
    std::size_t end_of_line(std::size_t at) const;
    bool on_first_line() const;
    bool on_last_line() const;

  private:
    std::string text_;
    std::size_t cursor_ = 0, yanked_at_ = 0;
    KillRing ring_;

    void snap();
    std::size_t word_before(bool to_blank) const;
    std::size_t word_after() const;
    bool is_word_at(std::size_t at) const;
    void snap_left();
    void kill(std::size_t begin, std::size_t end, bool forward, bool more);
    void to_column(std::size_t line, int column);
};

}  // namespace moonlet
