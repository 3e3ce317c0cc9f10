// SPDX-License-Identifier: Apache-2.0
// Extended grapheme clusters (Unicode Standard Annex 29), as far as one text is cut from left to
// right. The break classes are utf8proc's (Unicode 15.0) with what is newer in the version that
// Hugging Face's library is built with (17), and rule GB9c for Indic conjuncts in the basic plane:
// facts asked of that library, code point by code point.
#include <utf8proc.h>

#include "tokenizers/unicode.h"

namespace moonlet::unicode {

namespace {

struct Range {
    char32_t first, last;
};

constexpr Range kNewExtend[] = {
    {0x897, 0x897},     {0x1ACF, 0x1ADD},   {0x1AE0, 0x1AEB},   {0x10D69, 0x10D6D},
    {0x10EFA, 0x10EFC}, {0x113B8, 0x113C0}, {0x113C2, 0x113C2}, {0x113C5, 0x113C5},
    {0x113C7, 0x113CA}, {0x113CC, 0x113D0}, {0x113D2, 0x113D2}, {0x113E1, 0x113E2},
    {0x11B60, 0x11B67}, {0x11F5A, 0x11F5A}, {0x1611E, 0x1612F}, {0x1E5EE, 0x1E5EF},
    {0x1E6E3, 0x1E6E3}, {0x1E6E6, 0x1E6E6}, {0x1E6EE, 0x1E6EF}, {0x1E6F5, 0x1E6F5}};
constexpr Range kConjunctLinkers[] = {
    {0x94D, 0x94D},   {0x9CD, 0x9CD},   {0xACD, 0xACD},   {0xB4D, 0xB4D},   {0xC4D, 0xC4D},
    {0xD4D, 0xD4D},   {0x1039, 0x1039}, {0x17D2, 0x17D2}, {0x1A60, 0x1A60}, {0x1B44, 0x1B44},
    {0x1BAB, 0x1BAB}, {0xA9C0, 0xA9C0}, {0xAAF6, 0xAAF6}};
constexpr Range kConjunctConsonants[] = {
    {0x915, 0x939},   {0x958, 0x95F},   {0x978, 0x97F},   {0x995, 0x9A8},   {0x9AA, 0x9B0},
    {0x9B2, 0x9B2},   {0x9B6, 0x9B9},   {0x9DC, 0x9DD},   {0x9DF, 0x9DF},   {0x9F0, 0x9F1},
    {0xA95, 0xAA8},   {0xAAA, 0xAB0},   {0xAB2, 0xAB3},   {0xAB5, 0xAB9},   {0xAF9, 0xAF9},
    {0xB15, 0xB28},   {0xB2A, 0xB30},   {0xB32, 0xB33},   {0xB35, 0xB39},   {0xB5C, 0xB5D},
    {0xB5F, 0xB5F},   {0xB71, 0xB71},   {0xC15, 0xC28},   {0xC2A, 0xC39},   {0xC58, 0xC5A},
    {0xD15, 0xD3A},   {0x1000, 0x102A}, {0x103F, 0x103F}, {0x1050, 0x1055}, {0x105A, 0x105D},
    {0x1061, 0x1061}, {0x1065, 0x1066}, {0x106E, 0x1070}, {0x1075, 0x1081}, {0x108E, 0x108E},
    {0x1780, 0x17B3}, {0x1A20, 0x1A54}, {0x1B0B, 0x1B0C}, {0x1B13, 0x1B33}, {0x1B45, 0x1B4C},
    {0x1B83, 0x1BA0}, {0x1BAE, 0x1BAF}, {0x1BBB, 0x1BBD}, {0xA989, 0xA98B}, {0xA98F, 0xA9B2},
    {0xA9E0, 0xA9E4}, {0xA9E7, 0xA9EF}, {0xA9FA, 0xA9FE}, {0xAA60, 0xAA6F}, {0xAA71, 0xAA73},
    {0xAA7A, 0xAA7A}, {0xAA7E, 0xAA7F}, {0xAAE0, 0xAAEA}, {0xABC0, 0xABDA}};

template <size_t n>
bool among(const Range (&ranges)[n], char32_t c) {
    if (c < ranges[0].first || c > ranges[n - 1].last) return false;
    for (const Range& r : ranges)
        if (c <= r.last) return c >= r.first;
    return false;
}

int break_class(char32_t c) {
    if (among(kNewExtend, c)) return UTF8PROC_BOUNDCLASS_EXTEND;
    if (c == 0x113D1) return UTF8PROC_BOUNDCLASS_PREPEND;
    if (c == 0x11A3A) return UTF8PROC_BOUNDCLASS_OTHER;
    if (c == 0x2065 || (c >= 0xFFF0 && c <= 0xFFF8)) return UTF8PROC_BOUNDCLASS_CONTROL;
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->boundclass;
}

bool is_conjunct_linker(char32_t c) { return among(kConjunctLinkers, c); }
bool is_conjunct_consonant(char32_t c) { return among(kConjunctConsonants, c); }

bool is_extend(int b) { return b == UTF8PROC_BOUNDCLASS_EXTEND || b == UTF8PROC_BOUNDCLASS_ZWJ; }

// Does nothing break between two characters of these classes? Rules that need more than the pair
// (GB9c, GB11, GB12) are the caller's.
bool joined(int left, int right) {
    constexpr int kCr = UTF8PROC_BOUNDCLASS_CR, kLf = UTF8PROC_BOUNDCLASS_LF,
                  kControl = UTF8PROC_BOUNDCLASS_CONTROL, kL = UTF8PROC_BOUNDCLASS_L,
                  kV = UTF8PROC_BOUNDCLASS_V, kT = UTF8PROC_BOUNDCLASS_T,
                  kLv = UTF8PROC_BOUNDCLASS_LV, kLvt = UTF8PROC_BOUNDCLASS_LVT;
    auto control = [](int b) { return b == kCr || b == kLf || b == kControl; };
    if (left == kCr && right == kLf) return true;
    if (control(left) || control(right)) return false;
    if (left == kL && (right == kL || right == kV || right == kLv || right == kLvt)) return true;
    if ((left == kLv || left == kV) && (right == kV || right == kT)) return true;
    if ((left == kLvt || left == kT) && right == kT) return true;
    return is_extend(right) || right == UTF8PROC_BOUNDCLASS_SPACINGMARK ||
           left == UTF8PROC_BOUNDCLASS_PREPEND;
}

}  // namespace

size_t grapheme_end(std::string_view text, size_t at) {
    char32_t c = next(text, at);
    if (at >= text.size()) return at;
    // Most of what is read: two ASCII characters, apart but for CR LF.
    if (c < 0x80 && static_cast<unsigned char>(text[at]) < 0x80)
        return c == '\r' && text[at] == '\n' ? at + 1 : at;
    int left = break_class(c);
    bool picture = left == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;  // GB11: picture Extend* ZWJ
    int flags = left == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR ? 1 : 0;
    bool consonant = is_conjunct_consonant(c), linked = false;  // GB9c
    while (at < text.size()) {
        size_t end = at;
        c = next(text, end);
        int right = break_class(c);
        bool join = joined(left, right);
        if (left == UTF8PROC_BOUNDCLASS_ZWJ && picture &&
            right == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC)
            join = true;
        if (flags == 1 && left == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR &&
            right == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR) {
            join = true;
            flags = 2;
        }
        bool next_consonant = is_conjunct_consonant(c);
        if (consonant && linked && next_consonant) join = true;
        if (!join) break;
        if (next_consonant) {
            consonant = true;
            linked = false;
        } else if (is_conjunct_linker(c)) {
            linked = consonant;
        } else if (!is_extend(right) || c == 0x200C) {
            consonant = linked = false;
        }
        picture =
            right == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC || (picture && is_extend(right));
        left = right;
        at = end;
    }
    return at;
}

}  // namespace moonlet::unicode
