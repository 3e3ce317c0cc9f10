// SPDX-License-Identifier: Apache-2.0
// A table of markdown with aligned columns. Too wide a table gives its widest columns less room;
// what does not fit there is wrapped. Marks within cells are taken away, not shown.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

struct MarkdownTable {
    std::vector<char> align;                     // of each column: l, c, r
    std::vector<std::vector<std::string>> rows;  // the first is the heading
};

// nullopt: these lines are no table.
std::optional<MarkdownTable> table_rows(const std::vector<std::string>& lines);

void draw_table(const MarkdownTable& table, std::size_t width, bool unicode,
                const std::function<void(std::string_view, const std::string& style)>& print,
                const std::function<void()>& end_line);

}  // namespace moonlet
