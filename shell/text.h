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

// What to write to a terminal for a cluster, and the columns it takes. Nothing a terminal would act
// on goes out: control characters are shown as ^X, invisible and directional ones as <200b>,
// invalid bytes as U+FFFD, a tab as four blanks. A mark without a letter stands on a dotted circle,
// a vowel without a consonant (Hangul Jamo) on a filler.
struct Glyph {
    std::string text;
    int width;  // 2 for wide characters and emoji; never 0
    int sum;    // terminals that know no clusters take so many: the sum over its code points
};
Glyph glyph(std::string_view cluster);
int cluster_width(std::string_view cluster);
// Columns of a text without line breaks; escape sequences ESC [ … letter count 0.
int text_width(std::string_view text);
// The longest start of the text that fits into so many columns.
std::string fit_width(std::string_view text, int columns);

// Length of the escape sequence at `at` (ESC [ … letter, ESC ] … BEL), 0 when there is none.
std::size_t escape_length(std::string_view text, std::size_t at);

// The name nearest to `wanted` by edits (a swap is one), at most a third of its length and 3 away;
// ties go to the first. Up to `limit` of them, nearest first.
std::vector<std::string> nearest(std::string_view wanted, const std::vector<std::string>& names,
                                 std::size_t limit);

}  // namespace moonlet
