// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>

namespace moonlet::test {

Screen::Screen(std::size_t columns, std::size_t rows)
    : columns_(columns), rows_(rows), cells_(rows, Row(columns)) {}

void Screen::resize(std::size_t columns, std::size_t rows) {
    while (cells_.size() > rows) {
        scrolled_.push_back(text_of(cells_.front()));
        cells_.erase(cells_.begin());
        if (row_ > 0) --row_;
    }
    cells_.resize(rows, Row(columns));
    for (Row& row : cells_) row.resize(columns);
    columns_ = columns;
    rows_ = rows;
    column_ = std::min(column_, columns - 1);
    wrap_next_ = false;
}

std::string Screen::text_of(const Row& row) {
    std::string text;
    for (const Cell& cell : row) text += cell.text;
    std::size_t end = text.find_last_not_of(' ');
    return end == std::string::npos ? "" : text.substr(0, end + 1);
}

std::string Screen::row(std::size_t index) const { return text_of(cells_.at(index)); }

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

std::string Screen::style(std::size_t row, std::size_t column) const {
    return cells_.at(row).at(column).style;
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

void Screen::line_feed() {
    wrap_next_ = false;
    if (row_ + 1 < rows_) {
        ++row_;
        return;
    }
    scrolled_.push_back(text_of(cells_.front()));
    cells_.erase(cells_.begin());
    cells_.emplace_back(columns_);
}

void Screen::put(std::string text, int width) {
    if (width == 0) {
        std::size_t at = wrap_next_ ? column_ : column_ - std::min<std::size_t>(column_, 1);
        cells_[row_][at].text += text;
        return;
    }
    auto wide = static_cast<std::size_t>(width);
    if (wrap_next_ || column_ + wide > columns_) {
        column_ = 0;
        line_feed();
    }
    cells_[row_][column_] = {std::move(text), style_};
    if (wide == 2) cells_[row_][column_ + 1] = {"", style_};
    column_ += wide;
    if (column_ >= columns_) {
        column_ = columns_ - 1;
        wrap_next_ = true;
    }
}

void Screen::control(std::string_view sequence) {
    char final = sequence.back();
    std::string parameters(sequence.substr(2, sequence.size() - 3));
    auto number = [&](std::size_t otherwise) {
        return parameters.empty() ? otherwise : std::strtoul(parameters.c_str(), nullptr, 10);
    };
    Row blank(columns_);
    if (final != 'm') wrap_next_ = false;
    switch (final) {
        case 'A': row_ -= std::min<std::size_t>(row_, number(1)); break;
        case 'B': row_ = std::min<std::size_t>(rows_ - 1, row_ + number(1)); break;
        case 'C': column_ = std::min<std::size_t>(columns_ - 1, column_ + number(1)); break;
        case 'D': column_ -= std::min<std::size_t>(column_, number(1)); break;
        case 'H': row_ = column_ = 0; break;
        case 'K':
            std::fill(cells_[row_].begin() + static_cast<std::ptrdiff_t>(column_),
                      cells_[row_].end(), Cell{});
            break;
        case 'J':
            if (number(0) == 2) {
                for (Row& row : cells_) row = blank;
            } else {
                std::fill(cells_[row_].begin() + static_cast<std::ptrdiff_t>(column_),
                          cells_[row_].end(), Cell{});
                for (std::size_t r = row_ + 1; r < rows_; ++r) cells_[r] = blank;
            }
            break;
        case 'm': style_ = parameters == "0" || parameters.empty() ? "" : parameters; break;
        case 'h':
        case 'l': break;  // bracketed paste
        default: unknown_.emplace_back(sequence);
    }
}

std::size_t Screen::take(std::string_view bytes) {
    unsigned char c = static_cast<unsigned char>(bytes[0]);
    if (c == 0x1b) {
        if (bytes.size() < 2) return 0;
        if (bytes[1] != '[') {
            unknown_.emplace_back(bytes.substr(0, 2));
            return 2;
        }
        for (std::size_t i = 2; i < bytes.size(); ++i) {
            if (bytes[i] >= '@' && bytes[i] <= '~') {
                control(bytes.substr(0, i + 1));
                return i + 1;
            }
        }
        return 0;
    }
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
    } else if (c >= ' ') {
        std::size_t length = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (bytes.size() < length) return 0;
        utf8proc_int32_t point = -1;
        auto data = reinterpret_cast<const utf8proc_uint8_t*>(bytes.data());
        utf8proc_iterate(data, static_cast<utf8proc_ssize_t>(length), &point);
        bool joined = last_ == 0x200d;  // an emoji sequence is one glyph on terminals that know it
        last_ = point;
        put(std::string(bytes.substr(0, length)), joined      ? 0
                                                  : point < 0 ? 1
                                                              : utf8proc_charwidth(point));
        return length;
    }
    return 1;
}

}  // namespace moonlet::test
