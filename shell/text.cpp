// SPDX-License-Identifier: Apache-2.0
#include "shell/text.h"

#include <algorithm>
#include <cstdio>

#include <utf8proc.h>

namespace moonlet {
namespace {

// One code point; -1 and length 1 for an invalid byte.
utf8proc_int32_t code_point(std::string_view text, std::size_t at, std::size_t* length) {
    utf8proc_int32_t point = -1;
    auto bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at);
    auto n = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    *length = n > 0 ? static_cast<std::size_t>(n) : 1;
    return n > 0 ? point : -1;
}

bool is_plain(char c) { return c >= ' ' && c < 0x7f; }

bool is_flag_half(utf8proc_int32_t point) { return point >= 0x1f1e6 && point <= 0x1f1ff; }

// Shown by their number: some move the cursor or turn the direction of writing, none shows itself.
bool is_hidden(utf8proc_int32_t point) {
    switch (utf8proc_category(point)) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP: return true;
        default: return false;
    }
}

// A vowel or final consonant of conjoining Hangul, without the consonant it belongs to.
bool is_lone_jamo(utf8proc_int32_t point) {
    auto kind = utf8proc_get_property(point)->boundclass;
    return kind == UTF8PROC_BOUNDCLASS_V || kind == UTF8PROC_BOUNDCLASS_T;
}

// A cluster that starts so ends there.
bool stands_alone(utf8proc_int32_t point) { return is_hidden(point) || is_lone_jamo(point); }

// What is shown instead of it; "" = itself.
std::string substitute(utf8proc_int32_t point) {
    if (!stands_alone(point)) return {};
    // The letters of the keyboard, U+3131 to U+3163, in the order of the final consonants.
    static constexpr std::string_view kFinal =
        "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    if (point >= 0x11a8 && point <= 0x11c2) {
        return std::string(kFinal.substr(static_cast<std::size_t>(point - 0x11a8) * 3, 3));
    }
    if (point >= 0x1161 && point <= 0x1175) {
        utf8proc_uint8_t bytes[4];
        auto n = utf8proc_encode_char(point - 0x1161 + 0x314f, bytes);
        return std::string(bytes, bytes + n);
    }
    char number[16];
    std::snprintf(number, sizeof number, "<%x>", static_cast<unsigned>(point));
    return number;
}

// A mark without a letter is put on a dotted circle.
const char* base_of(utf8proc_int32_t point) {
    auto kind = utf8proc_get_property(point)->boundclass;
    bool mark = kind == UTF8PROC_BOUNDCLASS_EXTEND || kind == UTF8PROC_BOUNDCLASS_SPACINGMARK ||
                utf8proc_charwidth(point) == 0;
    return mark ? "\xe2\x97\x8c" : nullptr;
}

// Width and sum of a cluster that is shown as it is or on a base; `text` is left to the caller.
Glyph measure(std::string_view cluster, const char* base) {
    std::size_t length;
    int width = 0, sum = 0;
    bool flag = false;
    if (base) sum = width = utf8proc_charwidth(code_point(base, 0, &length));
    for (std::size_t at = 0; at < cluster.size(); at += length) {
        utf8proc_int32_t point = code_point(cluster, at, &length);
        int columns = utf8proc_charwidth(point);
        sum += columns;
        if (width == 0) width = columns;
        bool half = is_flag_half(point);
        if (point == 0xfe0f || (half && flag)) width = 2;  // shown as emoji, or two halves a flag
        flag = half;
    }
    return {{}, width, sum};
}

}  // namespace

std::size_t next_cluster(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    if (is_plain(text[at]) && (end == text.size() || is_plain(text[end]) || text[end] == '\n')) {
        return end;
    }
    std::size_t length;
    utf8proc_int32_t before = code_point(text, at, &length), state = 0;
    end = at + length;
    if (before < ' ' || stands_alone(before)) return end;
    while (end < text.size()) {
        utf8proc_int32_t point = code_point(text, end, &length);
        if (point < ' ' || utf8proc_grapheme_break_stateful(before, point, &state)) break;
        before = point;
        end += length;
    }
    return end;
}

std::size_t previous_cluster(std::string_view text, std::size_t at) {
    std::size_t start = at - 1;
    // Before a letter of ASCII that follows another a cluster ends for certain; from there on.
    auto ascii = [&](std::size_t i) { return is_plain(text[i]) || text[i] == '\n'; };
    while (start > 0 && !(ascii(start) && ascii(start - 1))) --start;
    while (true) {
        std::size_t end = next_cluster(text, start);
        if (end >= at) return start;
        start = end;
    }
}

Glyph glyph(std::string_view cluster) {
    if (cluster.size() == 1 && is_plain(cluster[0])) return {std::string(cluster), 1, 1};
    std::size_t length;
    utf8proc_int32_t point = code_point(cluster, 0, &length);
    if (point < 0) return {"\xef\xbf\xbd", 1, 1};
    if (point == '\t') return {"    ", 4, 4};
    if (point < ' ') return {{'^', static_cast<char>(point + '@')}, 2, 2};
    if (point == 0x7f) return {"^?", 2, 2};
    if (std::string instead = substitute(point); !instead.empty()) {
        int width = instead[0] == '<' ? static_cast<int>(instead.size()) : 2;
        return {instead, width, width};
    }
    const char* base = base_of(point);
    Glyph result = measure(cluster, base);
    result.text = (base ? base : "") + std::string(cluster);
    return result;
}

int cluster_width(std::string_view cluster) {
    if (cluster.size() == 1 && is_plain(cluster[0])) return 1;
    std::size_t length;
    utf8proc_int32_t point = code_point(cluster, 0, &length);
    if (point < ' ' || point == 0x7f || stands_alone(point)) return glyph(cluster).width;
    return measure(cluster, base_of(point)).width;
}

std::size_t escape_length(std::string_view text, std::size_t at) {
    if (text[at] != '\x1b' || at + 1 >= text.size()) return 0;
    if (text[at + 1] == '[') {
        for (std::size_t i = at + 2; i < text.size(); ++i) {
            if (text[i] >= '@' && text[i] <= '~') return i + 1 - at;
        }
    } else if (text[at + 1] == ']') {
        std::size_t end = text.find('\a', at);
        if (end != std::string_view::npos) return end + 1 - at;
    }
    return 0;
}

int text_width(std::string_view text) {
    int width = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (std::size_t skip = escape_length(text, at)) {
            at += skip;
            continue;
        }
        std::size_t end = next_cluster(text, at);
        width += cluster_width(text.substr(at, end - at));
        at = end;
    }
    return width;
}

std::string fit_width(std::string_view text, int columns) {
    int width = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = next_cluster(text, at);
        width += cluster_width(text.substr(at, end - at));
        if (width > columns) break;
        at = end;
    }
    return std::string(text.substr(0, at));
}

std::vector<std::string> nearest(std::string_view wanted, const std::vector<std::string>& names,
                                 std::size_t limit) {
    auto distance = [&](std::string_view other) {
        std::vector<std::vector<int>> d(wanted.size() + 1, std::vector<int>(other.size() + 1));
        for (std::size_t i = 0; i <= wanted.size(); ++i) d[i][0] = static_cast<int>(i);
        for (std::size_t j = 0; j <= other.size(); ++j) d[0][j] = static_cast<int>(j);
        for (std::size_t i = 1; i <= wanted.size(); ++i) {
            for (std::size_t j = 1; j <= other.size(); ++j) {
                int change = wanted[i - 1] != other[j - 1];
                d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
                if (i > 1 && j > 1 && wanted[i - 1] == other[j - 2] &&
                    wanted[i - 2] == other[j - 1])
                    d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
            }
        }
        return d[wanted.size()][other.size()];
    };
    int allowed = std::clamp(static_cast<int>(wanted.size()) / 3, 1, 3);
    std::vector<std::pair<int, std::string>> found;
    for (const auto& name : names) {
        if (name.size() > wanted.size() + 3 || wanted.size() > name.size() + 3) continue;
        int edits = distance(name);
        if (edits <= allowed) found.emplace_back(edits, name);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> result;
    for (auto& entry : found) {
        if (result.size() == limit) break;
        result.push_back(entry.second);
    }
    return result;
}

}  // namespace moonlet
