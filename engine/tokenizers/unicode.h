// SPDX-License-Identifier: Apache-2.0
// Characters as the tokenizers see them: UTF-8 in and out, character classes, lower case and the
// four normal forms. The classes are those of Hugging Face's library, code point by code point, so
// that ids agree; see unicode_tables.h. Knows no tokenizer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet::unicode {

// Bytes of the character that starts with `lead` (valid UTF-8).
inline size_t width(unsigned char lead) {
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}
// The character at `at`, which moves behind it. `text` is valid UTF-8.
char32_t next(std::string_view text, size_t& at);
void append(std::string& out, char32_t c);
std::string utf8(char32_t c);

// Bytes of the whole character at `at`, or minus the length (1..3) of what is broken there: the
// longest beginning of a character, which reads as one U+FFFD (the WHATWG rule, as in Rust).
int check(std::string_view text, size_t at);
bool valid(std::string_view text);
// `text` with U+FFFD for what is broken.
std::string lossy(std::string_view text);

bool is_space(char32_t c);  // the White_Space property
bool is_word(char32_t c);
bool is_numeric(char32_t c);
bool is_punctuation(char32_t c);
bool is_control(char32_t c);     // what BERT's clean_text drops
bool is_combining(char32_t c);   // general category M
bool is_nonspacing(char32_t c);  // general category Mn
bool is_cjk(char32_t c);         // BERT's "Chinese character" blocks

// A number for the script of `c` as UnicodeScripts tells scripts apart; -1: of none (spaces,
// unassigned), which never ends a run.
int script(char32_t c);

// Where the grapheme cluster that starts at `at` ends (see graphemes.cpp).
size_t grapheme_end(std::string_view text, size_t at);

// Lower case of one character: one code point, or two for U+0130; returns how many.
int lower(char32_t c, char32_t out[2]);

// One step of rewriting a text character by character: `c` comes out; change 0: it replaces one
// character; > 0: it is new; -n: it replaces one and removes the n that follow.
struct Change {
    char32_t c;
    int change;
};

// The changes that bring every character to lower case.
std::vector<Change> lowercase(std::string_view text);

enum class Form { nfc, nfd, nfkc, nfkd };
// The changes that bring `text` into a normal form.
std::vector<Change> normalize(std::string_view text, Form form);
// True when `text` surely is in NFC already (cheap; false means unknown).
bool surely_nfc(std::string_view text);

}  // namespace moonlet::unicode
