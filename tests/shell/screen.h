// SPDX-License-Identifier: Apache-2.0
// A terminal's screen for tests: cells and a cursor, moved by the bytes a program writes. Knows the
// few sequences our shell uses, as xterm understands them (a full row wraps only with the next
// character). Written apart from shell/: it shares no code with what it checks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet::test {

class Screen {
  public:
    Screen(std::size_t columns, std::size_t rows);

    void feed(std::string_view bytes);
    void resize(std::size_t columns, std::size_t rows);  // cuts, does not rewrap

    // Text of a row without the blanks at its end; a wide character stands once.
    std::string row(std::size_t index) const;
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
    // SGR parameters in force at a cell ("0;34"), "" for plain.
    std::string style(std::size_t row, std::size_t column) const;
    // Sequences this model does not know: a test asserts there are none.
    const std::vector<std::string>& unknown() const { return unknown_; }

  private:
    struct Cell {
        std::string text = " ";
        std::string style{};
    };
    using Row = std::vector<Cell>;

    std::size_t columns_, rows_, row_ = 0, column_ = 0;
    bool wrap_next_ = false;
    int last_ = 0;  // code point written before
    std::string style_, pending_;
    std::vector<Row> cells_;
    std::vector<std::string> scrolled_;
    std::vector<std::string> unknown_;

    std::size_t take(std::string_view bytes);  // bytes used, 0 = not whole yet
    void control(std::string_view sequence);
    void put(std::string text, int width);
    void line_feed();
    static std::string text_of(const Row& row);
};

}  // namespace moonlet::test
