// SPDX-License-Identifier: Apache-2.0
// UTF-8 as a person sees it: grapheme clusters and the terminal columns they take. Invalid bytes
// count as one cluster each, shown as U+FFFD. No terminal, no Lua.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

// End of the cluster that starts at byte `at` (at < text.size()); \r\n is not joined.
std::size_t next_cluster(std::string_view text, std::size_t at);
// Start of the cluster that ends at byte `at` (at > 0). Looks back to the start of the line only.
std::size_t previous_cluster(std::string_view text, std::size_t at);

// Columns of one cluster: 0 for a lone combining mark, 2 for wide characters and emoji.
int cluster_width(std::string_view cluster);
// Columns of a text without line breaks; escape sequences ESC [ … letter count 0.
int text_width(std::string_view text);
// The longest start of the text that fits into so many columns.
std::string fit_width(std::string_view text, int columns);

// What to write to a terminal for a cluster: control characters as ^X, invalid bytes as U+FFFD.
std::string visible(std::string_view cluster);

// Length of the escape sequence at `at` (ESC [ … letter, ESC ] … BEL), 0 when there is none.
std::size_t escape_length(std::string_view text, std::size_t at);

// The name nearest to `wanted` by edits (a swap is one), at most a third of its length and 3 away;
// ties go to the first. Up to `limit` of them, nearest first.
std::vector<std::string> nearest(std::string_view wanted, const std::vector<std::string>& names,
                                 std::size_t limit);

}  // namespace moonlet
