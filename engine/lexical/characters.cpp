// SPDX-License-Identifier: Apache-2.0
// ASCII is decided by comparisons, the rest by utf8proc's tables.
#include "lexical/characters.h"

#include <utf8proc.h>

namespace moonlet::lexical {

namespace {

// The length of the valid character at `at`, 0 where there is none; writes it to `c`.
size_t decode(std::string_view text, size_t at, char32_t& c) {
    utf8proc_int32_t value = 0;
    auto bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at;
    auto size = utf8proc_iterate(bytes, utf8proc_ssize_t(text.size() - at), &value);
    if (size <= 0 || value < 0) return 0;
    c = char32_t(value);
    return size_t(size);
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

utf8proc_category_t category(char32_t c) { return utf8proc_category(utf8proc_int32_t(c)); }

bool within(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

}  // namespace

char32_t next_character(std::string_view text, size_t& at) {
    unsigned char lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return ++at, lead;
    char32_t c = kBroken;
    size_t size = decode(text, at, c);
    at += size ? size : 1;
    return c;
}

char32_t previous_character(std::string_view text, size_t& at) {
    size_t begin = at - 1;
    while (begin > 0 && at - begin < 4 && continues(text[begin])) --begin;
    size_t end = begin;
    char32_t c = next_character(text, end);
    if (end == at) return at = begin, c;
    return --at, kBroken;
}

size_t count_characters(std::string_view text) {
    size_t count = 0;
    for (size_t at = 0; at < text.size(); ++count) {
        if (static_cast<unsigned char>(text[at]) < 0x80) ++at;
        else next_character(text, at);
    }
    return count;
}

void append_character(std::string& out, char32_t c) {
    utf8proc_uint8_t bytes[4];
    auto size = utf8proc_encode_char(utf8proc_int32_t(c), bytes);
    out.append(reinterpret_cast<const char*>(bytes), size_t(size));
}

bool is_space(char32_t c) {
    if (c < 0x80) return c == ' ' || within(c, 9, 13) || within(c, 0x1C, 0x1F);
    if (c == 0x85) return true;
    auto kind = category(c);
    return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
           kind == UTF8PROC_CATEGORY_ZP;
}

bool is_word(char32_t c) {
    if (c < 0x80)
        return within(c, 'a', 'z') || within(c, 'A', 'Z') || within(c, '0', '9') || c == '_';
    auto kind = category(c);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_digit(char32_t c) {
    if (c < 0x80) return within(c, '0', '9');
    return category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_lower(char32_t c) {
    if (c < 0x80) return within(c, 'a', 'z');
    return category(c) == UTF8PROC_CATEGORY_LL;
}

bool is_upper(char32_t c) {
    if (c < 0x80) return within(c, 'A', 'Z');
    return category(c) == UTF8PROC_CATEGORY_LU || category(c) == UTF8PROC_CATEGORY_LT;
}

bool is_letter(char32_t c) {
    if (c < 0x80) return within(c, 'a', 'z') || within(c, 'A', 'Z');
    auto kind = category(c);
    return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_hangul(char32_t c) {
    return within(c, 0xAC00, 0xD7A3) || within(c, 0x1100, 0x11FF) || within(c, 0x3131, 0x318E) ||
           within(c, 0xA960, 0xA97C) || within(c, 0xD7B0, 0xD7FB);
}

bool is_syllabic(char32_t c) {
    if (c < 0x1100) return false;
    return is_hangul(c) || within(c, 0x3041, 0x30FF) || within(c, 0x3400, 0x4DBF) ||
           within(c, 0x4E00, 0x9FFF) || within(c, 0xF900, 0xFAFF) || within(c, 0x20000, 0x3FFFD);
}

char32_t to_lower(char32_t c) {
    if (c < 0x80) return within(c, 'A', 'Z') ? c + 32 : c;
    return char32_t(utf8proc_tolower(utf8proc_int32_t(c)));
}

void strip(std::string_view text, size_t& begin, size_t& end) {
    for (size_t at = begin; begin < end && is_space(next_character(text, at));) begin = at;
    for (size_t at = end; begin < end && is_space(previous_character(text, at));) end = at;
}

}  // namespace moonlet::lexical
