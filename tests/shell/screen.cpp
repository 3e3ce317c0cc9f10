// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include <utf8proc.h>

#include <algorithm>

namespace moonlet::test {

Screen::Screen(std::size_t columns, std::size_t rows, Glyphs glyphs)
    : columns_(columns), rows_(rows), glyphs_(glyphs), cells_(rows, blank()) {}

void Screen::resize(std::size_t columns, std::size_t rows, bool rewraps) {
    if (rewraps && columns != columns_) {
        rewrap(columns);
    } else {
        columns_ = columns;
        for (Row& row : cells_) row.cells.resize(columns);
        column_ = std::min(column_, columns - 1);
    }
    // Rows go at the bottom while they are empty and below the cursor, else at the top.
    while (cells_.size() > rows) {
        if (row_ + 1 < cells_.size() && text_of(cells_.back()).empty()) {
            cells_.pop_back();
            continue;
        }
        scrolled_.push_back(text_of(cells_.front()));
        cells_.erase(cells_.begin());
        if (row_ > 0) --row_;
    }
    cells_.resize(rows, blank());
    for (Row& row : cells_) row.cells.resize(columns);
    rows_ = rows;
    wrap_next_ = joinable_ = false;
}

// Lines are put together from their rows and cut anew; the cursor stays on its cell.
void Screen::rewrap(std::size_t columns) {
    std::vector<Row> old;
    old.swap(cells_);
    std::size_t cursor_row = row_, cursor_column = column_;
    columns_ = columns;
    for (std::size_t r = 0; r < old.size();) {
        std::vector<Cell> line;
        std::size_t cursor_at = std::string::npos;
        for (bool more = true; more && r < old.size(); ++r) {
            if (r == cursor_row) cursor_at = line.size() + cursor_column;
            more = old[r].goes_on;
            line.insert(line.end(), old[r].cells.begin(), old[r].cells.end());
        }
        while (!line.empty() && !line.back().written) line.pop_back();
        if (columns == 1) {  // a wide character has no place there
            std::erase_if(line, [](const Cell& cell) { return cell.text.empty(); });
        }
        std::size_t at = 0;
        bool placed = false;
        do {
            Row row = blank();
            std::size_t used = 0;
            while (at < line.size() && used < columns) {
                bool wide = at + 1 < line.size() && line[at + 1].text.empty();
                if (wide && used + 2 > columns) break;
                row.cells[used] = line[at];
                if (wide) row.cells[used + 1] = line[at + 1];
                if (cursor_at == at) {
                    row_ = cells_.size();
                    column_ = used;
                    placed = true;
                }
                at += wide ? 2 : 1;
                used += wide ? 2 : 1;
            }
            row.goes_on = at < line.size();
            bool last = !row.goes_on;
            if (last && cursor_at != std::string::npos && !placed) {
                row_ = cells_.size();
                column_ = std::min(columns - 1, used + (cursor_at - std::min(cursor_at, at)));
            }
            cells_.push_back(std::move(row));
        } while (at < line.size());
    }
}

std::string Screen::text_of(const Row& row) {
    std::string text;
    for (const Cell& cell : row.cells) text += cell.text;
    std::size_t end = text.find_last_not_of(' ');
    return end == std::string::npos ? "" : text.substr(0, end + 1);
}

std::string Screen::row(std::size_t index) const { return text_of(cells_.at(index)); }

std::string Screen::styled_row(std::size_t index) const {
    const auto& cells = cells_.at(index).cells;
    std::size_t end = cells.size();
    while (end > 0 && cells[end - 1] == Cell{}) --end;
    std::string text, style;
    for (std::size_t i = 0; i < end; ++i) {
        if (cells[i].style != style) text += "‹" + cells[i].style + "›";
        style = cells[i].style;
        text += cells[i].text;
    }
    return style.empty() ? text : text + "‹›";
}

std::string Screen::line(std::size_t index) const {
    return index < scrolled_.size() ? scrolled_[index] : row(index - scrolled_.size());
}

std::string Screen::visible() const {
    std::string text;
    for (const Row& row : cells_) text += text_of(row) + "\n";
    std::size_t end = text.find_last_not_of('\n');
    return end == std::string::npos ? "" : text.substr(0, end + 1);
}

std::string Screen::all() const {
    std::string text;
    for (const auto& row : scrolled_) text += row + "\n";
    return text + visible();
}

const std::string& Screen::cell(std::size_t row, std::size_t column) const {
    return cells_.at(row).cells.at(column).text;
}

const std::string& Screen::style(std::size_t row, std::size_t column) const {
    return cells_.at(row).cells.at(column).style;
}

std::string Screen::differs(const std::vector<std::string>& rows) const {
    std::string report;
    for (std::size_t r = 0; r < std::max(rows_, rows.size()); ++r) {
        std::string is = r < rows_ ? row(r) : "(no such row)";
        std::string wanted = r < rows.size() ? rows[r] : "";
        if (is == wanted) continue;
        report += "row " + std::to_string(r) + " is  |" + is + "|\n";
        report += "    wanted |" + wanted + "|\n";
    }
    return report;
}

std::string Screen::differs(const Screen& other) const {
    std::string report;
    if (columns_ != other.columns_ || rows_ != other.rows_) return "the sizes differ\n";
    for (std::size_t r = 0; r < rows_; ++r) {
        if (cells_[r].cells == other.cells_[r].cells) continue;
        std::size_t c = 0;
        while (cells_[r].cells[c] == other.cells_[r].cells[c]) ++c;
        report += "row " + std::to_string(r) + ", first at column " + std::to_string(c) +
                  "\n  is    |" + styled_row(r) + "|\n  other |" + other.styled_row(r) + "|\n";
    }
    if (row_ != other.row_ || column_ != other.column_) {
        auto place = [](const Screen& s) {
            return std::to_string(s.row_) + ":" + std::to_string(s.column_);
        };
        report += "the cursor is at " + place(*this) + ", the other's at " + place(other) + "\n";
    }
    return report;
}

std::vector<std::string> Screen::take_queries() {
    std::vector<std::string> taken;
    taken.swap(queries_);
    return taken;
}

void Screen::scroll() {
    if (!alternate_) scrolled_.push_back(text_of(cells_.front()));
    cells_.erase(cells_.begin());
    cells_.push_back(blank());
}

void Screen::line_feed() {
    wrap_next_ = false;
    if (row_ + 1 < rows_) {
        ++row_;
    } else {
        scroll();
    }
}

// Half of a wide character that is overwritten takes the other half along.
void Screen::set_cell(std::size_t row, std::size_t column, Cell cell) {
    auto& cells = cells_[row].cells;
    if (cells[column].text.empty() && column > 0) cells[column - 1] = Cell{};
    if (column + 1 < columns_ && cells[column + 1].text.empty()) cells[column + 1] = Cell{};
    cells[column] = std::move(cell);
}

void Screen::erase(std::size_t row, std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) set_cell(row, c, Cell{});
    if (end == columns_) cells_[row].goes_on = false;
}

void Screen::put(std::string text, int width) {
    std::size_t wide = std::min<std::size_t>(static_cast<std::size_t>(width), columns_);
    if (wrap_next_ || column_ + wide > columns_) {
        cells_[row_].goes_on = true;
        column_ = 0;
        line_feed();
    }
    set_cell(row_, column_, {std::move(text), style_, true});
    if (wide == 2) {
        set_cell(row_, column_ + 1, {" ", style_, true});
        cells_[row_].cells[column_ + 1].text.clear();
    }
    column_ += wide;
    if (column_ >= columns_) {
        column_ = columns_ - 1;
        wrap_next_ = true;
    }
}

// Adds a code point to the character before the cursor.
void Screen::join(const std::string& text, int point) {
    auto& cells = cells_[row_].cells;
    std::size_t at = wrap_next_ ? column_ : column_ - std::min<std::size_t>(column_, 1);
    if (cells[at].text.empty() && at > 0) --at;
    cells[at].text += text;
    bool flag = point >= 0x1f1e6 && point <= 0x1f1ff;
    bool wide = at + 1 < columns_ && cells[at + 1].text.empty();
    if (glyphs_ == Glyphs::clusters && (point == 0xfe0f || flag) && !wide && !wrap_next_) {
        set_cell(row_, column_, {" ", style_, true});
        cells[column_].text.clear();
        if (++column_ == columns_) {
            --column_;
            wrap_next_ = true;
        }
    }
}

void Screen::put_point(int point, std::string text) {
    bool joined = false;
    if (glyphs_ == Glyphs::clusters && joinable_) {
        joined = !utf8proc_grapheme_break_stateful(last_, point, &break_state_);
    } else {
        break_state_ = 0;
    }
    last_ = point;
    joinable_ = true;
    int width = point < 0 ? 1 : utf8proc_charwidth(point);
    if (joined || width == 0) {
        join(text, point);
    } else {
        put(std::move(text), width);
    }
}

void Screen::feed(std::string_view bytes) {
    pending_ += bytes;
    std::size_t at = 0;
    while (at < pending_.size()) {
        std::size_t used = take(std::string_view(pending_).substr(at));
        if (used == 0) break;
        at += used;
    }
    pending_.erase(0, at);
}

std::size_t Screen::take(std::string_view bytes) {
    unsigned char c = static_cast<unsigned char>(bytes[0]);
    if (c >= ' ' && c != 0x7f) {
        std::size_t length = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (bytes.size() < length) return 0;
        utf8proc_int32_t point = -1;
        auto data = reinterpret_cast<const utf8proc_uint8_t*>(bytes.data());
        utf8proc_iterate(data, static_cast<utf8proc_ssize_t>(length), &point);
        put_point(point, std::string(bytes.substr(0, length)));
        return length;
    }
    joinable_ = joinable_ && c == 0x1b;  // a change of colour moves nothing
    if (c == 0x1b) return take_escape(bytes);
    if (c == '\r') {
        column_ = 0;
        wrap_next_ = false;
    } else if (c == '\n') {
        line_feed();
    } else if (c == '\b') {
        column_ -= std::min<std::size_t>(column_, 1);
        wrap_next_ = false;
    } else if (c == '\t') {
        column_ = std::min(columns_ - 1, column_ / 8 * 8 + 8);
    }
    return 1;
}

}  // namespace moonlet::test
