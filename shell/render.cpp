// SPDX-License-Identifier: Apache-2.0
#include "shell/render.h"

#include <algorithm>

#include "shell/text.h"
#include "shell/theme.h"

namespace moonlet {
namespace {

// Appends cells to the last row of a frame and wraps.
class Writer {
  public:
    Writer(Frame& frame, std::size_t width)
        : frame_(frame), width_(std::max<std::size_t>(width, 2)) {}

    std::size_t column() const { return column_; }

    void put(std::string text, int width, Style style) {
        if (column_ + static_cast<std::size_t>(width) > width_) new_row();
        frame_.rows.back().push_back({std::move(text), width, style});
        column_ += static_cast<std::size_t>(width);
    }
    void put_cluster(std::string_view cluster, Style style) {
        put(visible(cluster), cluster_width(cluster), style);
    }
    void new_row() {
        frame_.rows.emplace_back();
        column_ = 0;
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
    void place_cursor(std::size_t needed) {
        if (column_ + needed > width_) new_row();
        frame_.cursor_row = frame_.rows.size() - 1;
        frame_.cursor_column = column_;
    }

  private:
    Frame& frame_;
    std::size_t width_, column_ = 0;
};

std::string move(std::size_t from_row, std::size_t to_row, std::size_t to_column) {
    std::string out;
    if (to_row < from_row) out += "\x1b[" + std::to_string(from_row - to_row) + "A";
    if (to_row > from_row) out += "\x1b[" + std::to_string(to_row - from_row) + "B";
    out += "\r";
    if (to_column > 0) out += "\x1b[" + std::to_string(to_column) + "C";
    return out;
}

void write_cells(std::string& out, const Row& row, std::size_t from, bool color) {
    Style style = Style::plain;
    for (std::size_t i = from; i < row.size(); ++i) {
        if (color && row[i].style != style) {
            out += "\x1b[0";
            if (*sgr(row[i].style)) out += std::string(";") + sgr(row[i].style);
            out += "m";
            style = row[i].style;
        }
        if (color || row[i].width > 0 || row[i].text[0] != '\x1b') out += row[i].text;
    }
    if (style != Style::plain) out += "\x1b[0m";
}

}  // namespace

const char* sgr(Style style) { return sgr_on(background(), style); }

Frame render(const EditView& view, std::size_t width) {
    Frame frame;
    Writer writer(frame, width);
    writer.put_prompt(view.prompt);
    bool placed = false;
    for (std::size_t at = 0; at < view.text.size();) {
        std::size_t end = next_cluster(view.text, at);
        std::string_view cluster = view.text.substr(at, end - at);
        if (view.cursor < end && !placed) {
            bool line_end = cluster == "\n";
            writer.place_cursor(line_end ? 1 : static_cast<std::size_t>(cluster_width(cluster)));
            placed = true;
        }
        if (cluster == "\n") {
            writer.new_row();
            writer.put_prompt(view.prompt2);
        } else {
            Style style = at < view.styles.size() ? view.styles[at] : Style::plain;
            writer.put_cluster(cluster, style);
        }
        at = end;
    }
    if (!placed) writer.place_cursor(1);
    for (const Row& row : view.below) frame.rows.push_back(row);
    return frame;
}

Frame clip(const Frame& frame, std::size_t height, std::size_t* first) {
    if (frame.rows.size() <= height) {
        *first = 0;
        return frame;
    }
    *first = std::min(*first, frame.rows.size() - height);
    if (frame.cursor_row < *first) *first = frame.cursor_row;
    if (frame.cursor_row >= *first + height) *first = frame.cursor_row + 1 - height;
    Frame part;
    auto begin = frame.rows.begin() + static_cast<std::ptrdiff_t>(*first);
    part.rows.assign(begin, begin + static_cast<std::ptrdiff_t>(height));
    part.cursor_row = frame.cursor_row - *first;
    part.cursor_column = frame.cursor_column;
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
        write_cells(out, now, same, color);
        int old_width = 0, new_width = 0;
        for (const Cell& cell : old) old_width += cell.width;
        for (const Cell& cell : now) new_width += cell.width;
        if (old_width > new_width) out += "\x1b[K";
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
        auto columns = static_cast<std::size_t>(cluster_width(cluster));
        if (column + columns > width) break;
        row.push_back({visible(cluster), static_cast<int>(columns), style});
        column += columns;
        at = end;
    }
    return row;
}

}  // namespace moonlet
