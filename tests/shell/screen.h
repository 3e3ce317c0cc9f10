// SPDX-License-Identifier: Apache-2.0
// A terminal's screen for tests: cells and a cursor, moved by the bytes a program writes, as xterm
// understands them (a full row wraps only with the next character). Written apart from shell/: it
// shares no code with what it checks. How to compare:
//     CHECK(screen.styled_row(0) == "> ‹34›for‹› i");   text and SGR parameters of one row
//     CHECK(screen.differs({"> for i", ""}) == "");      text of the rows from the top, all of them
//     CHECK(screen.differs(other) == "");                every cell, style and the cursor
// Styles are canonical: what is in force, attributes first, then colours ("1;34", "2",
// "38;2;255;0;0", "38;5;12;48;5;0"), whatever sequence has set it; "" for plain.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet::test {

// How a terminal counts columns of several code points that people see as one character.
enum class Glyphs {
    clusters,     // one width for each cluster: kitty, foot, ghostty, recent tmux
    code_points,  // the sum of their widths: xterm, VTE
};

class Screen {
  public:
    Screen(std::size_t columns, std::size_t rows, Glyphs glyphs = Glyphs::clusters);

    void feed(std::string_view bytes);
    // rewrap: as VTE, kitty and tmux do it, a row is spread over as many new ones as it needs;
    // without, as xterm does, it is cut.
    void resize(std::size_t columns, std::size_t rows, bool rewrap = false);

    std::size_t columns() const { return columns_; }
    std::size_t rows() const { return rows_; }
    // Text of a row without the blanks at its end; a wide character stands once.
    std::string row(std::size_t index) const;
    // The same with ‹parameters› where the style changes and ‹› where it ends. Blanks at the end
    // are left out unless they have a style.
    std::string styled_row(std::size_t index) const;
    // All rows that scrolled out, then the visible ones, joined by \n, empty ones at the end left
    // out.
    std::string all() const;
    // The visible rows only.
    std::string visible() const;

    // Rows counted from the first that ever was: what scrolled out, then the visible ones.
    std::string line(std::size_t index) const;
    std::size_t cursor_line() const { return scrolled_.size() + row_; }

    std::size_t cursor_row() const { return row_; }
    std::size_t cursor_column() const { return column_; }
    // Text of one cell: "" is the right half of a wide character.
    const std::string& cell(std::size_t row, std::size_t column) const;
    const std::string& style(std::size_t row, std::size_t column) const;

    // "" when they are equal, else what differs, row by row, to be read by a person. Rows not given
    // must be empty.
    std::string differs(const std::vector<std::string>& rows) const;
    std::string differs(const Screen& other) const;

    // What else programs set.
    const std::string& title() const { return title_; }
    bool bracketed_paste() const { return mode_paste_; }
    bool alternate() const { return alternate_; }
    bool cursor_hidden() const { return cursor_hidden_; }
    int cursor_shape() const { return cursor_shape_; }  // of DECSCUSR: 0 none, 2 block, 5, 6 bar
    // Bodies of OSC, DCS and APC sequences with their introducer: "]0;title", "Pq…", "_G…".
    const std::vector<std::string>& strings() const { return strings_; }
    // Queries a terminal would answer, whole and in order: "\x1b[c", "\x1b[6n", "\x1b]11;?\a".
    // Taken by who answers them.
    std::vector<std::string> take_queries();
    // Sequences this model does not know: a test asserts there are none.
    const std::vector<std::string>& unknown() const { return unknown_; }

  private:
    struct Cell {
        std::string text = " ";
        std::string style{};
        bool written = false;  // a blank that was written is part of its line
        bool operator==(const Cell& other) const {
            return text == other.text && style == other.style;
        }
    };
    struct Row {
        std::vector<Cell> cells;
        bool goes_on = false;  // wrapped: the next row is part of the same line
    };

    std::size_t columns_, rows_, row_ = 0, column_ = 0;
    Glyphs glyphs_;
    bool wrap_next_ = false;
    int last_ = 0, break_state_ = 0;  // of grapheme breaks: the code point written before
    bool joinable_ = false;           // nothing moved the cursor since
    std::string style_, pending_;
    std::vector<Row> cells_;
    std::vector<std::string> scrolled_;
    std::vector<std::string> unknown_, strings_, queries_;
    std::string title_;
    bool mode_paste_ = false, alternate_ = false, cursor_hidden_ = false;
    int cursor_shape_ = 0;
    std::vector<Row> main_cells_;  // while the alternate screen shows
    std::size_t main_row_ = 0, main_column_ = 0, saved_row_ = 0, saved_column_ = 0;

    Row blank() const { return {std::vector<Cell>(columns_), false}; }
    std::size_t take(std::string_view bytes);  // bytes used, 0 = not whole yet
    std::size_t take_escape(std::string_view bytes);
    void control(std::string_view sequence);
    void mode(const std::string& parameters, bool on);
    void string(std::string_view body, std::string_view whole);
    void attributes(const std::string& parameters);
    void put_point(int point, std::string text);
    void put(std::string text, int width);
    void join(const std::string& text, int point);
    void set_cell(std::size_t row, std::size_t column, Cell cell);
    void erase(std::size_t row, std::size_t begin, std::size_t end);
    void line_feed();
    void scroll();
    void rewrap(std::size_t columns);
    static std::string text_of(const Row& row);
};

}  // namespace moonlet::test
