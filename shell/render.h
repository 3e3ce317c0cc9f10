// SPDX-License-Identifier: Apache-2.0
// The edit area as cells. render() is a pure function from what is edited to rows and a cursor;
// diff() is a pure function from the frame on the screen and the next one to the bytes in between.
// Neither knows a terminal: unit tests call them with any width. Terminals do not agree on the
// columns of emoji sequences and of letters in parts; behind such a cell the cursor is placed anew,
// so that the rest of the row stands where it should on all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

enum class Style : std::uint8_t {
    plain,
    keyword,
    string,
    number,
    comment,
    error,
    match,
    prompt,
    dim,
    heading,
    undefined,  // a global that does not exist
    selected    // in a menu
};

// SGR parameters of a style ("1;34") on the terminal's background, "" for plain.
const char* sgr(Style style);

// One grapheme cluster. An escape sequence of a prompt is a cell of width 0.
struct Cell {
    std::string text;
    int width = 1;
    Style style = Style::plain;
    int sum = 0;  // columns on terminals that know no clusters, where they are others; else 0
    bool operator==(const Cell&) const = default;
};

using Row = std::vector<Cell>;

struct Frame {
    std::vector<Row> rows{Row{}};
    std::size_t cursor_row = 0, cursor_column = 0;
    std::size_t width = 0;  // it was laid out for; 0 = not known, an empty one
};

struct EditView {
    std::string_view text;             // lines divided by \n
    std::size_t cursor = 0;            // byte position, <= text.size()
    std::string_view prompt, prompt2;  // before the first line, before the others
    std::vector<Style> styles{};       // one for each byte; empty = plain
    std::vector<Row> below{};          // completion list and the like, already cut to the width
};

// Rows are at most `width` columns; a cluster that does not fit starts the next row. The cursor
// stands on a column < width: past a full row it stands at the start of the next.
Frame render(const EditView& view, std::size_t width);

// The part of it that a screen of so many rows shows: `first` is the row at its top before, and is
// moved no further than needed to show the cursor. Makes no other cells, so that a text of
// megabytes costs little more than reading it.
Frame render_part(const EditView& view, std::size_t width, std::size_t height, std::size_t* first);

// The bytes that turn `before`, with the terminal's cursor where it says, into `after`. Uses
// relative moves only; `color` off leaves the styles out.
std::string diff(const Frame& before, const Frame& after, bool color);

// The frame stood on a terminal that is `width` columns and `height` rows by now. Returns the bytes
// that erase it, with the cursor at its top left; `rows` tells how many rows it covers. A terminal
// that rewraps has spread each row over as many new ones as it needs.
std::string erase_resized(const Frame& frame, std::size_t width, std::size_t height, bool rewraps,
                          std::size_t* rows);

// A row of one style from a text; what does not fit is cut.
Row make_row(std::string_view text, Style style, std::size_t width);

}  // namespace moonlet
