// SPDX-License-Identifier: Apache-2.0
// Python's notion of text over UTF-8: lengths and positions in code points, its white space, its
// case rules (Unicode's simple mappings by utf8proc, the full ones where letters multiply), its
// character classes. Bytes that are not UTF-8 count as U+FFFD each. Knows no Value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet::jinja::text {

std::u32string decode(std::string_view utf8);
std::string encode(std::u32string_view points);
void append(std::string& out, char32_t point);
size_t length(std::string_view utf8);
bool is_ascii(std::string_view s);
// Reads one code point at `at` and moves `at` behind it.
char32_t next(std::string_view utf8, size_t& at);

bool is_space(char32_t c);
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_printable(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);

std::string lower(std::string_view s);
std::string upper(std::string_view s);
std::string casefold(std::string_view s);
std::string title(std::string_view s);  // str.title: letters after non-letters
std::string capitalize(std::string_view s);
std::string swapcase(std::string_view s);

// Strips white space, or the characters of `chars`, from the sides asked for.
std::string strip(std::string_view s, bool left, bool right, const std::string* chars = nullptr);
// str.split / str.rsplit; a null separator splits at runs of white space. limit < 0: no limit.
std::vector<std::string> split(std::string_view s, const std::string* separator, int64_t limit,
                               bool from_right);
std::vector<std::string> split_lines(std::string_view s, bool keep_ends);
// str.replace; limit < 0: all.
std::string replace(std::string_view s, std::string_view from, std::string_view to,
                    int64_t limit = -1);
// '&', '<', '>', '"' and "'" as HTML entities.
std::string escape_html(std::string_view s);

}  // namespace moonlet::jinja::text
