// SPDX-License-Identifier: Apache-2.0
#include "shell/render.h"

#include <algorithm>

#include "shell/text.h"
#include "shell/theme.h"

namespace moonlet {
namespace {

// Lays cells out in rows, and keeps those within [begin, end).
class Writer {
  public:
    Writer(Frame& frame, std::size_t width, std::size_t begin, std::size_t end)
        : frame_(frame), width_(std::max<std::size_t>(width, 1)), begin_(begin), end_(end) {
        frame_.rows.clear();
        if (begin == 0 && end > 0) frame_.rows.emplace_back();
    }

    std::size_t row() const { return row_; }
    bool past_end() const { return row_ >= end_; }

    void put(std::string text, int width, Style style, int sum = 0) {
        std::size_t needed = columns_needed(width, sum);
        if (needed > width_) {
            text = text.find_first_not_of(' ') == std::string::npos ? " " : "?";
            needed = 1;
            width = 1;
            sum = 0;
        }
        if (column_ > 0 && column_ + needed > width_) new_row();
        if (inside()) frame_.rows.back().push_back({std::move(text), width, style, sum});
        column_ += static_cast<std::size_t>(width);
    }
    void put_cluster(std::string_view cluster, Style style) {
        bool kept = row_ + 1 >= begin_ && row_ < end_;  // it may start the next row
        if (!kept && cluster.size() == 1) return put({}, cluster_width(cluster), style);
        Glyph shown = glyph(cluster);
        put(std::move(shown.text), shown.width, style, shown.sum == shown.width ? 0 : shown.sum);
    }
    // Of `count` letters of one column each: how many end before the rows that are kept. They are
    // taken as written.
    std::size_t skip(std::size_t count) {
        if (row_ >= begin_) return 0;
        std::size_t rows = std::min(begin_ - row_ - 1, count);  // more hold it all
        std::size_t n = std::min(count, width_ - column_ + rows * width_);
        if (n == 0) return 0;
        std::size_t total = column_ + n;
        row_ += (total - 1) / width_;
        column_ = (total - 1) % width_ + 1;
        return n;
    }
    void new_row() {
        ++row_;
        column_ = 0;
        if (inside()) frame_.rows.emplace_back();
    }
    void put_prompt(std::string_view prompt) {
        for (std::size_t at = 0; at < prompt.size();) {
            if (std::size_t skip = escape_length(prompt, at)) {
                put(std::string(prompt.substr(at, skip)), 0, Style::plain);
                at += skip;
            } else if (prompt[at] == '\n') {
                new_row();
                ++at;
            } else {
                std::size_t end = next_cluster(prompt, at);
                put_cluster(prompt.substr(at, end - at), Style::prompt);
                at = end;
            }
        }
    }
    // Before a cluster of so many columns is put; it goes where the cursor stands.
    void place_cursor(const Glyph& next) {
        std::size_t needed = columns_needed(next.width, next.sum);
        if (needed > width_) needed = 1;
        if (column_ > 0 && column_ + needed > width_) new_row();
        frame_.cursor_row = row_;
        frame_.cursor_column = column_;
    }

  private:
    Frame& frame_;
    std::size_t width_, column_ = 0, row_ = 0;
    std::size_t begin_, end_;

    bool inside() const { return row_ >= begin_ && row_ < end_; }
    // What other terminals make wider must not run over the edge there.
    static std::size_t columns_needed(int width, int sum) {
        return static_cast<std::size_t>(std::max(width, sum));
    }
};

bool is_plain(char c) { return c >= ' ' && c < 0x7f; }

// Lays the view out; keeps the rows [begin, end). Returns how many there are (with end = npos; else
// it may stop behind the last one kept).
std::size_t lay_out(Frame& frame, const EditView& view, std::size_t width, std::size_t begin,
                    std::size_t end) {
    Writer writer(frame, width, begin, end);
    frame.width = width;
    writer.put_prompt(view.prompt);
    bool placed = false, measuring = end == 0;
    std::string_view text = view.text;
    for (std::size_t at = 0; at < text.size();) {
        if (!measuring && writer.past_end()) break;
        // A run of plain letters before the rows that are kept, up to the cursor, is counted only.
        if (writer.row() < begin && is_plain(text[at])) {
            std::size_t stop = at + 1, limit = view.cursor > at ? view.cursor : text.size();
            while (stop < limit && is_plain(text[stop])) ++stop;
            bool mark = stop < text.size() && (text[stop] & 0x80);  // may belong to the last letter
            std::size_t count = stop - at - (mark ? 1 : 0);
            if (view.cursor != at || placed) {
                std::size_t skipped = writer.skip(count);
                at += skipped;
                if (skipped > 0) continue;
            }
        }
        std::size_t next = next_cluster(text, at);
        std::string_view cluster = text.substr(at, next - at);
        bool line_end = cluster == "\n";
        if (view.cursor < next && !placed) {
            writer.place_cursor(line_end ? Glyph{{}, 1, 1} : glyph(cluster));
            placed = true;
        }
        if (line_end) {
            writer.new_row();
            writer.put_prompt(view.prompt2);
        } else {
            writer.put_cluster(cluster, at < view.styles.size() ? view.styles[at] : Style::plain);
        }
        at = next;
    }
    if (!placed && (measuring || !writer.past_end())) writer.place_cursor({{}, 1, 1});
    std::size_t rows = writer.row() + 1;
    for (const Row& row : view.below) {
        if (rows >= begin && rows < end) frame.rows.push_back(row);
        ++rows;
    }
    return rows;
}

std::string move(std::size_t from_row, std::size_t to_row, std::size_t to_column) {
    std::string out;
    if (to_row < from_row) out += "\x1b[" + std::to_string(from_row - to_row) + "A";
    if (to_row > from_row) out += "\x1b[" + std::to_string(to_row - from_row) + "B";
    out += "\r";
    if (to_column > 0) out += "\x1b[" + std::to_string(to_column) + "C";
    return out;
}

std::string to_column(std::size_t column) {
    return column > 0 ? "\r\x1b[" + std::to_string(column) + "C" : "\r";
}

// Writes the cells from index `from` on, which begin at `column`.
void write_cells(std::string& out, const Row& row, std::size_t from, std::size_t column,
                 bool color) {
    Style style = Style::plain;
    for (std::size_t i = from; i < row.size(); ++i) {
        const Cell& cell = row[i];
        if (color && cell.style != style) {
            out += "\x1b[0";
            if (*sgr(cell.style)) out += std::string(";") + sgr(cell.style);
            out += "m";
            style = cell.style;
        }
        // Columns of it that this terminal may leave alone are blanked first.
        if (cell.sum != 0 && cell.sum < cell.width) {
            out += std::string(static_cast<std::size_t>(cell.width), ' ') + to_column(column);
        }
        if (color || cell.width > 0 || cell.text[0] != '\x1b') out += cell.text;
        column += static_cast<std::size_t>(cell.width);
        if (cell.sum != 0) out += to_column(column);
    }
    if (style != Style::plain) out += "\x1b[0m";
}

std::size_t width_of(const Row& row) {
    std::size_t width = 0;
    for (const Cell& cell : row) width += static_cast<std::size_t>(cell.width);
    return width;
}

bool is_doubtful(const Row& row) {
    return std::any_of(row.begin(), row.end(), [](const Cell& cell) { return cell.sum != 0; });
}

}  // namespace

const char* sgr(Style style) { return sgr_on(background(), style); }

Frame render(const EditView& view, std::size_t width) {
    Frame frame;
    lay_out(frame, view, width, 0, std::string::npos);
    return frame;
}

Frame render_part(const EditView& view, std::size_t width, std::size_t height, std::size_t* first) {
    constexpr std::size_t kShort = 2048;  // a text that is cheaper to lay out at once
    Frame part;
    std::size_t rows;
    bool is_short = view.text.size() <= kShort;
    if (is_short) {
        rows = lay_out(part, view, width, 0, std::string::npos);
    } else {
        rows = lay_out(part, view, width, std::string::npos, 0);
    }
    height = std::max<std::size_t>(height, 1);
    if (rows <= height) {
        *first = 0;
    } else {
        *first = std::min(*first, rows - height);
        if (part.cursor_row < *first) *first = part.cursor_row;
        if (part.cursor_row >= *first + height) *first = part.cursor_row + 1 - height;
    }
    std::size_t cursor_row = part.cursor_row, cursor_column = part.cursor_column;
    if (!is_short) {
        lay_out(part, view, width, *first, *first + height);
    } else {
        auto begin = part.rows.begin() + static_cast<std::ptrdiff_t>(*first);
        part.rows.erase(part.rows.begin(), begin);
        if (part.rows.size() > height) part.rows.resize(height);
    }
    part.cursor_row = cursor_row - *first;
    part.cursor_column = cursor_column;
    return part;
}

std::string diff(const Frame& before, const Frame& after, bool color) {
    std::string out;
    std::size_t at = before.cursor_row;
    std::size_t common = std::min(before.rows.size(), after.rows.size());
    for (std::size_t r = 0; r < after.rows.size(); ++r) {
        static const Row kNone;
        const Row& old = r < common ? before.rows[r] : kNone;
        const Row& now = after.rows[r];
        if (r < common && old == now) continue;
        std::size_t same = 0, column = 0;
        while (same < old.size() && same < now.size() && old[same] == now[same]) {
            column += static_cast<std::size_t>(now[same++].width);
        }
        if (r < common) {
            out += move(at, r, column);
        } else {
            // The row does not exist yet: a line feed from the last one makes it, scrolling if need
            // be.
            out += move(at, r - 1, 0) + "\n";
        }
        at = r;
        // What stands on this terminal behind a doubtful cell is not known: such a row is erased
        // first, and again behind its end, but never from a column it does not have.
        bool doubtful = is_doubtful(old) || is_doubtful(now);
        std::size_t old_width = width_of(old), new_width = width_of(now);
        if (doubtful && r < common && column < after.width) out += "\x1b[K";
        write_cells(out, now, same, column, color);
        bool room = after.width == 0 || new_width < after.width;
        if (room && (old_width > new_width || doubtful)) out += "\x1b[K";
    }
    if (before.rows.size() > after.rows.size()) {
        out += move(at, after.rows.size(), 0) + "\x1b[J";
        at = after.rows.size();
    }
    if (out.empty() && before.cursor_row == after.cursor_row &&
        before.cursor_column == after.cursor_column) {
        return out;
    }
    return out + move(at, after.cursor_row, after.cursor_column);
}

Row make_row(std::string_view text, Style style, std::size_t width) {
    Row row;
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = next_cluster(text, at);
        std::string_view cluster = text.substr(at, end - at);
        Glyph shown = glyph(cluster);
        auto columns = static_cast<std::size_t>(std::max(shown.width, shown.sum));
        if (column + columns > width) break;
        row.push_back({shown.text, shown.width, style, shown.sum == shown.width ? 0 : shown.sum});
        column += static_cast<std::size_t>(shown.width);
        at = end;
    }
    return row;
}

// Erased row by row, not with one sequence from the top: tmux would take that for clearing the
// screen and keep a copy in its history, and would go on to think of the rows as parts of one line.
std::string erase_resized(const Frame& frame, std::size_t width, std::size_t height, bool rewraps,
                          std::size_t* rows) {
    std::size_t above = 0, all = 0;
    for (std::size_t r = 0; r < frame.rows.size(); ++r) {
        std::size_t column = 0, total = 0, spread = 1;
        if (r == frame.cursor_row) above = all;
        for (const Cell& cell : frame.rows[r]) {
            // ^X and the blanks of a tab can be torn apart, a wide character cannot.
            bool ascii = cell.width > 0 && !(cell.text[0] & 0x80);
            for (int left = cell.width; left > 0; left -= ascii ? 1 : cell.width) {
                auto columns = static_cast<std::size_t>(ascii ? 1 : cell.width);
                if (column > 0 && column + columns > width) {
                    ++spread;
                    column = 0;
                }
                if (r == frame.cursor_row && total <= frame.cursor_column && rewraps) {
                    above = all + spread - 1;
                }
                column += columns;
                total += columns;
            }
        }
        // Behind the last cell: on the next row when the one it is on is full.
        if (r == frame.cursor_row && rewraps && total <= frame.cursor_column) {
            above = all + spread - 1;
        }
        all += rewraps ? spread : 1;
    }
    all = std::min(all, std::max<std::size_t>(height, 1));  // what is more has scrolled out
    std::string out = above > 0 ? "\x1b[" + std::to_string(above) + "A" : "";
    for (std::size_t r = 0; r < all; ++r) out += r == 0 ? "\x1b[2K" : "\x1b[B\x1b[2K";
    if (all > 1) out += "\x1b[" + std::to_string(all - 1) + "A";
    *rows = all;
    return out + "\r";
}

}  // namespace moonlet
