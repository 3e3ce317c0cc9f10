// SPDX-License-Identifier: Apache-2.0
#include "shell/text.h"

#include <algorithm>

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

}  // namespace

std::size_t next_cluster(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    if (is_plain(text[at]) && (end == text.size() || is_plain(text[end]) || text[end] == '\n')) {
        return end;
    }
    std::size_t length;
    utf8proc_int32_t before = code_point(text, at, &length), state = 0;
    end = at + length;
    if (before < ' ') return end;
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
    if (is_plain(text[start]) || text[start] == '\n') return start;
    start = text.rfind('\n', at - 1);
    start = start == std::string_view::npos ? 0 : start + 1;
    while (true) {
        std::size_t end = next_cluster(text, start);
        if (end >= at) return start;
        start = end;
    }
}

int cluster_width(std::string_view cluster) {
    if (cluster.size() == 1 && is_plain(cluster[0])) return 1;
    int width = 0;
    bool regional = false;
    for (std::size_t at = 0, length; at < cluster.size(); at += length) {
        utf8proc_int32_t point = code_point(cluster, at, &length);
        if (point < 0) return 1;
        if (point == '\t') return 4;
        if (point < ' ' || point == 0x7f) return 2;
        if (point == 0xfe0f && width == 1) width = 2;  // emoji presentation
        if (width == 0) width = utf8proc_charwidth(point);
        bool flag_half = point >= 0x1f1e6 && point <= 0x1f1ff;
        if (flag_half && regional) width = 2;
        regional = flag_half;
    }
    return width;
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

std::string visible(std::string_view cluster) {
    unsigned char first = static_cast<unsigned char>(cluster[0]);
    if (first == '\t') return "    ";
    if (first < ' ') return {'^', static_cast<char>(first + '@')};
    if (first == 0x7f) return "^?";
    std::size_t length;
    if (first >= 0x80 && code_point(cluster, 0, &length) < 0) return "\xef\xbf\xbd";
    return std::string(cluster);
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
