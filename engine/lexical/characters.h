// SPDX-License-Identifier: Apache-2.0
// Characters of a text that is never changed: spans are bytes of the given text, so nothing here
// rewrites it. A byte that begins no valid UTF-8 character counts as one character of its own.
// Classes are Unicode's (utf8proc); white space is that of Python's str.strip. Knows no splitter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moonlet::lexical {

constexpr char32_t kBroken = 0xFFFD;

// The character at `at`, which moves behind it; kBroken for a byte that begins none.
char32_t next_character(std::string_view text, size_t& at);
// The character that ends at `at` (> 0), which moves in front of it.
char32_t previous_character(std::string_view text, size_t& at);
size_t count_characters(std::string_view text);
void append_character(std::string& out, char32_t c);

bool is_space(char32_t c);  // of Python's str.isspace
bool is_word(char32_t c);   // letters, marks, numbers and '_'
bool is_digit(char32_t c);  // 0-9 and other decimal digits
bool is_lower(char32_t c);
bool is_upper(char32_t c);  // title case included
bool is_letter(char32_t c);
bool is_hangul(char32_t c);  // syllables and jamo
// Scripts that write words without blanks or glue particles to them: Hangul, Han, kana.
bool is_syllabic(char32_t c);
char32_t to_lower(char32_t c);

// [begin, end) of `text` without the white space at both ends.
void strip(std::string_view text, size_t& begin, size_t& end);

}  // namespace moonlet::lexical
