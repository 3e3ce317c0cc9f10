// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "datasets/csv.h"

namespace moonlet {

bool CsvCursor::put(char c) {
    mark_ = false;
    switch (state_) {
        case cell_start:
            quoted_ = d_.quote && c == d_.quote;
            if (quoted_) {
                mark_ = true;
                state_ = inside_quotes;
                return true;
            }
            state_ = plain;
            break;
        case inside_quotes:
            if (c != d_.quote) return true;
            mark_ = true;
            state_ = after_quote;
            return true;
        case after_quote:
            if (c == d_.quote) {  // a doubled one: a character of the cell
                state_ = inside_quotes;
                return true;
            }
            state_ = plain;
            break;
        case plain: break;
    }
    if (c == d_.delimiter || c == '\n') state_ = cell_start;
    return false;
}

bool try_parse_csv(std::string_view record, const CsvDialect& dialect,
                   std::vector<CsvCell>& cells) {
    cells.assign(1, {});
    CsvCursor cursor(dialect);
    for (char c : record) {
        const bool inside = cursor.put(c);
        if (!inside && c == dialect.delimiter) {
            cells.emplace_back();
            continue;
        }
        if (!cursor.mark()) cells.back().text += c;
        cells.back().quoted = cursor.quoted();
    }
    return !cursor.inside();
}

std::vector<CsvCell> parse_csv(std::string_view record, const CsvDialect& dialect) {
    std::vector<CsvCell> cells;
    if (!try_parse_csv(record, dialect, cells))
        throw Error("a quote that is not closed, before " + quote(cells.back().text, 40), "",
                    "close it, or read the file with quote = \"\"");
    return cells;
}

void append_csv_cell(std::string& out, std::string_view text, const CsvDialect& dialect) {
    const char special[] = {dialect.delimiter, dialect.quote, '\n', '\r', 0};
    bool blank_edge = !text.empty() && (text.front() == ' ' || text.back() == ' ');
    if (!text.empty() && !blank_edge && text.find_first_of(special) == std::string_view::npos) {
        out += text;
        return;
    }
    out += dialect.quote;
    for (char c : text) {
        if (c == dialect.quote) out += c;
        out += c;
    }
    out += dialect.quote;
}

char likely_delimiter(std::string_view head) {
    std::string_view line = head.substr(0, head.find('\n'));
    for (char c : {',', ';', '\t', '|'}) {
        CsvCursor cursor({c, '"'});
        for (char at : line)
            if (!cursor.put(at) && at == c) return c;
    }
    return ',';
}

bool quotes_cells(std::string_view head, const CsvDialect& dialect) {
    bool any = false;
    // what the end of the head cuts off says nothing
    head = head.substr(0, head.rfind('\n'));
    while (!head.empty()) {
        std::string_view line = head.substr(0, head.find('\n'));
        head.remove_prefix(std::min(head.size(), line.size() + 1));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        for (size_t at = 0; at <= line.size();) {
            std::string_view cell = line.substr(at, line.find(dialect.delimiter, at) - at);
            at += cell.size() + 1;
            if (cell.empty() || cell[0] != dialect.quote) continue;
            any = true;
            if (cell.size() < 2 || cell.back() != dialect.quote) return false;
            std::string_view inner = cell.substr(1, cell.size() - 2);
            for (size_t i = 0; i < inner.size(); ++i) {
                if (inner[i] != dialect.quote) continue;
                if (++i == inner.size() || inner[i] != dialect.quote) return false;
            }
        }
    }
    return any;
}

}  // namespace moonlet
