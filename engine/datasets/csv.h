// SPDX-License-Identifier: Apache-2.0
// Cells of one row of separated values, in and out. See csv.cpp for the rules; knows no file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

struct CsvDialect {
    char delimiter = ',';
    char quote = '"';  // 0 = none
};

struct CsvCell {
    std::string text;
    bool quoted = false;
};

// Goes over a row character by character.
class CsvCursor {
  public:
    explicit CsvCursor(CsvDialect dialect) : d_(dialect) {}
    // True when the character stands between quotes (or opens them): no separator, no row's end.
    bool put(char c);
    // True when the character just put belongs to no cell: a quote that opens or closes.
    bool mark() const { return mark_; }
    bool quoted() const { return quoted_; }  // the cell began with a quote
    bool inside() const { return state_ == inside_quotes; }

  private:
    enum State { cell_start, plain, inside_quotes, after_quote };
    CsvDialect d_;
    State state_ = cell_start;
    bool mark_ = false, quoted_ = false;
};

// The cells of a record without its line end. Error: a quote that is not closed.
std::vector<CsvCell> parse_csv(std::string_view record, const CsvDialect& dialect);
// The same; false for an Error.
bool try_parse_csv(std::string_view record, const CsvDialect& dialect, std::vector<CsvCell>& cells);

// `text` as a cell: in quotes where it must be.
void append_csv_cell(std::string& out, std::string_view text, const CsvDialect& dialect);

// Which of , ; tab | stands in the first line, a comma before the others.
char likely_delimiter(std::string_view head);
// Whether cells that begin with a quote all end with one, on their line, and there is such a cell:
// in tab separated files quotes are mostly plain characters.
bool quotes_cells(std::string_view head, const CsvDialect& dialect);

}  // namespace moonlet
