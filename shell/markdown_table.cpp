// SPDX-License-Identifier: Apache-2.0
#include "shell/markdown_table.h"

#include <algorithm>

#include "shell/text.h"

namespace moonlet {
namespace {

std::string trimmed(std::string_view text) {
    std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin));
}

// Without the marks of emphasis and code; they are counted in pairs only.
std::string unmarked(std::string text) {
    for (std::string_view mark : {"**", "`", "*"}) {
        std::size_t open = text.find(mark);
        while (open != std::string::npos) {
            std::size_t close = text.find(mark, open + mark.size());
            if (close == std::string::npos || close == open + mark.size()) break;
            text.erase(close, mark.size());
            text.erase(open, mark.size());
            open = text.find(mark, close - mark.size());
        }
    }
    return text;
}

std::vector<std::string> cells(std::string_view line) {
    std::vector<std::string> found;
    std::string cell;
    std::string text = trimmed(line);
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '|') {
            cell += text[++i];
        } else if (text[i] == '|') {
            found.push_back(unmarked(trimmed(cell)));
            cell.clear();
        } else {
            cell += text[i];
        }
    }
    if (!trimmed(cell).empty()) found.push_back(unmarked(trimmed(cell)));
    return found;
}

// Lines of at most `columns`, broken at blanks where there are some.
std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    std::string left(text);
    while (static_cast<std::size_t>(text_width(left)) > columns) {
        std::string head = fit_width(left, static_cast<int>(columns));
        if (head.empty()) head = left.substr(0, next_cluster(left, 0));
        std::size_t blank = left[head.size()] == ' ' ? head.size() : head.rfind(' ');
        if (blank == std::string::npos || blank == 0) blank = head.size();
        lines.push_back(trimmed(left.substr(0, blank)));
        left = trimmed(left.substr(blank));
    }
    lines.push_back(left);
    return lines;
}

std::string padded(const std::string& text, std::size_t columns, char align) {
    std::size_t used = static_cast<std::size_t>(text_width(text));
    std::size_t blanks = columns > used ? columns - used : 0;
    std::size_t before = align == 'r' ? blanks : align == 'c' ? blanks / 2 : 0;
    return std::string(before, ' ') + text + std::string(blanks - before, ' ');
}

}  // namespace

std::optional<MarkdownTable> table_rows(const std::vector<std::string>& lines) {
    if (lines.size() < 2) return std::nullopt;
    MarkdownTable table;
    for (const auto& mark : cells(lines[1])) {
        if (mark.find_first_not_of("-:") != std::string::npos ||
            mark.find('-') == std::string::npos)
            return std::nullopt;
        bool left = mark.front() == ':', right = mark.back() == ':';
        table.align.push_back(left && right ? 'c' : right ? 'r' : 'l');
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i == 1) continue;
        table.rows.push_back(cells(lines[i]));
        table.rows.back().resize(table.align.size());
    }
    return table;
}

void draw_table(const MarkdownTable& table, std::size_t width, bool unicode,
                const std::function<void(std::string_view, const std::string&)>& print,
                const std::function<void()>& end_line) {
    std::size_t count = table.align.size();
    std::vector<std::size_t> widths(count, 1);
    for (const auto& row : table.rows)
        for (std::size_t c = 0; c < count; ++c)
            widths[c] = std::max(widths[c], static_cast<std::size_t>(text_width(row[c])));
    std::size_t room = width > 3 * count + 1 ? width - 3 * count - 1 : count, all = 0;
    for (std::size_t w : widths) all += w;
    for (; all > room; --all) {
        auto widest = std::max_element(widths.begin(), widths.end());
        if (*widest <= 2) break;
        --*widest;
    }
    const char* parts[] = {"┌─┬┐", "├─┼┤", "└─┴┘"};
    auto rule = [&](int kind) {
        auto part = [&](int i) {
            return unicode ? std::string(parts[kind]).substr(static_cast<std::size_t>(i) * 3, 3)
                           : std::string(i == 1 ? "-" : "+");
        };
        std::string text = part(0);
        for (std::size_t c = 0; c < count; ++c) {
            for (std::size_t i = 0; i < widths[c] + 2; ++i) text += part(1);
            text += c + 1 < count ? part(2) : part(3);
        }
        print(text, "2");
        end_line();
    };
    rule(0);
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
        std::vector<std::vector<std::string>> wrapped;
        std::size_t height = 1;
        for (std::size_t c = 0; c < count; ++c) {
            wrapped.push_back(wrap(table.rows[r][c], widths[c]));
            height = std::max(height, wrapped.back().size());
        }
        for (std::size_t h = 0; h < height; ++h) {
            print(unicode ? "│" : "|", "2");
            for (std::size_t c = 0; c < count; ++c) {
                std::string text = h < wrapped[c].size() ? wrapped[c][h] : "";
                print(" " + padded(text, widths[c], table.align[c]) + " ", r == 0 ? "1" : "");
                print(unicode ? "│" : "|", "2");
            }
            end_line();
        }
        if (r == 0) rule(1);
    }
    rule(2);
}

}  // namespace moonlet
