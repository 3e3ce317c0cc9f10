// SPDX-License-Identifier: Apache-2.0
#include "shell/vi_motion.h"

#include <algorithm>
#include <vector>

#include "shell/lexer.h"
#include "shell/text.h"

namespace moonlet {
namespace {

enum class Kind { blank, word, sign };

Kind kind_at(std::string_view text, std::size_t at, bool big) {
    char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n') return Kind::blank;
    return big || is_name_char(c) ? Kind::word : Kind::sign;
}

// w W: the start of the next word.
std::size_t word_start_after(std::string_view text, std::size_t at, bool big) {
    if (at >= text.size()) return at;
    Kind kind = kind_at(text, at, big);
    while (at < text.size() && kind_at(text, at, big) == kind) at = next_cluster(text, at);
    while (at < text.size() && kind_at(text, at, big) == Kind::blank) ++at;
    return at;
}

// e E: the last character of the word behind.
std::size_t word_end_after(std::string_view text, std::size_t at, bool big) {
    if (at >= text.size()) return at;
    std::size_t next = next_cluster(text, at);
    while (next < text.size() && kind_at(text, next, big) == Kind::blank) ++next;
    if (next >= text.size()) return at;
    Kind kind = kind_at(text, next, big);
    while (next < text.size() && kind_at(text, next, big) == kind) {
        at = next;
        next = next_cluster(text, next);
    }
    return at;
}

// b B: the start of the word before.
std::size_t word_start_before(std::string_view text, std::size_t at, bool big) {
    while (at > 0 && kind_at(text, at - 1, big) == Kind::blank) --at;
    if (at == 0) return 0;
    std::size_t start = previous_cluster(text, at);
    Kind kind = kind_at(text, start, big);
    while (start > 0) {
        std::size_t before = previous_cluster(text, start);
        if (kind_at(text, before, big) != kind) break;
        start = before;
    }
    return start;
}

char partner(char c) {
    static constexpr std::string_view kPairs = "()[]{}";
    std::size_t i = kPairs.find(c);
    return i == std::string_view::npos ? 0 : kPairs[i ^ 1];
}

// The brackets of the text in pairs, those within strings and comments among themselves only.
std::vector<std::pair<std::size_t, std::size_t>> pairs(std::string_view text) {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    auto scan = [&](std::size_t begin, std::size_t end, std::vector<std::size_t>& open) {
        for (std::size_t i = begin; i < end; ++i) {
            char c = text[i], other = partner(c);
            if (other == 0) continue;
            if (c == '(' || c == '[' || c == '{') {
                open.push_back(i);
            } else if (!open.empty() && text[open.back()] == other) {
                found.emplace_back(open.back(), i);
                open.pop_back();
            }
        }
    };
    std::vector<std::size_t> outer;
    for (const Token& token : lex(text)) {
        bool apart = token.kind == TokenKind::string || token.kind == TokenKind::comment;
        std::vector<std::size_t> inner;
        scan(token.begin, token.end, apart ? inner : outer);
    }
    return found;
}

std::optional<ViMotion> matching(std::string_view text, std::size_t at) {
    std::size_t end = vi_line_end(text, at);
    while (at < end && partner(text[at]) == 0) ++at;
    for (auto [open, close] : pairs(text)) {
        if (open == at) return ViMotion{close, true};
        if (close == at) return ViMotion{open, true};
    }
    return {};
}

std::size_t to_line(std::string_view text, std::size_t number) {
    std::size_t at = 0;
    while (--number > 0) {
        std::size_t end = vi_line_end(text, at);
        if (end == text.size()) break;
        at = end + 1;
    }
    return vi_first_word(text, at);
}

}  // namespace

std::size_t vi_line_start(std::string_view text, std::size_t at) {
    std::size_t found = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return found == std::string_view::npos ? 0 : found + 1;
}

std::size_t vi_line_end(std::string_view text, std::size_t at) {
    return std::min(text.find('\n', at), text.size());
}

std::size_t vi_first_word(std::string_view text, std::size_t at) {
    std::size_t start = vi_line_start(text, at), end = vi_line_end(text, at);
    std::size_t found = text.find_first_not_of(" \t", start);
    return std::min(found, end);
}

std::size_t vi_on_character(std::string_view text, std::size_t at) {
    at = std::min(at, text.size());
    bool behind = at == text.size() || text[at] == '\n';
    if (behind && at > vi_line_start(text, at)) return previous_cluster(text, at);
    return at;
}

std::optional<ViMotion> vi_motion(std::string_view text, std::size_t at, char key,
                                  std::size_t count) {
    std::size_t times = std::max<std::size_t>(count, 1), to = at;
    switch (key) {
        case 'h':
            while (times-- > 0 && to > vi_line_start(text, at)) to = previous_cluster(text, to);
            break;
        case 'l':
        case ' ':
            while (times-- > 0 && to < vi_line_end(text, at)) to = next_cluster(text, to);
            break;
        case '0': return ViMotion{vi_line_start(text, at)};
        case '^': return ViMotion{vi_first_word(text, at)};
        case '$':
            to = vi_line_end(text, at);
            while (--times > 0 && to < text.size()) to = vi_line_end(text, to + 1);
            return ViMotion{to};
        case 'w':
        case 'W':
            while (times-- > 0) to = word_start_after(text, to, key == 'W');
            break;
        case 'b':
        case 'B':
            while (times-- > 0) to = word_start_before(text, to, key == 'B');
            break;
        case 'e':
        case 'E':
            while (times-- > 0) to = word_end_after(text, to, key == 'E');
            return ViMotion{to, true};
        case 'G':
            return ViMotion{count > 0 ? to_line(text, count) : vi_first_word(text, text.size()),
                            false, true};
        case 'g': return ViMotion{to_line(text, times), false, true};
        case 'j':
        case 'k':
            for (; times > 0; --times) {
                if (key == 'j') {
                    std::size_t end = vi_line_end(text, to);
                    if (end == text.size()) return {};
                    to = end + 1;
                } else {
                    std::size_t start = vi_line_start(text, to);
                    if (start == 0) return {};
                    to = vi_line_start(text, start - 1);
                }
            }
            return ViMotion{to, false, true};
        case '%': return matching(text, at);
        default: return {};
    }
    return ViMotion{to};
}

std::optional<ViMotion> vi_find(std::string_view text, std::size_t at, const ViFind& find,
                                std::size_t count, bool again) {
    std::size_t times = std::max<std::size_t>(count, 1);
    bool forward = find.kind == 'f' || find.kind == 't',
         till = find.kind == 't' || find.kind == 'T';
    std::size_t to = at, start = vi_line_start(text, at), end = vi_line_end(text, at);
    // ; behind t would find the same character again.
    if (till && again && times == 1) {
        if (forward && to < end) to = next_cluster(text, to);
        if (!forward && to > start) to = previous_cluster(text, to);
    }
    for (; times > 0; --times) {
        if (forward) {
            std::size_t from = to < end ? next_cluster(text, to) : end;
            to = text.find(find.target, from);
            if (to == std::string_view::npos || to >= end) return {};
        } else {
            if (to == start) return {};
            to = text.rfind(find.target, to - 1);
            if (to == std::string_view::npos || to < start) return {};
        }
    }
    if (till) to = forward ? previous_cluster(text, to) : next_cluster(text, to);
    return ViMotion{to, forward};
}

std::optional<ViRange> vi_object(std::string_view text, std::size_t at, bool around, char key) {
    if (key == 'w' || key == 'W') {
        std::size_t line = vi_line_start(text, at), stop = vi_line_end(text, at);
        if (at >= stop) return {};
        auto kind = [&](std::size_t i) { return kind_at(text, i, key == 'W'); };
        Kind here = kind(at);
        std::size_t begin = at, end = at;
        while (begin > line && kind(begin - 1) == here) --begin;
        while (end < stop && kind(end) == here) ++end;
        if (around) {
            std::size_t old = end;
            Kind next = here == Kind::blank && end < stop ? kind(end) : Kind::blank;
            while (end < stop && kind(end) == next) ++end;
            if (end == old) {
                while (begin > line && kind(begin - 1) == Kind::blank) --begin;
            }
        }
        return ViRange{begin, end};
    }
    if (key == '"' || key == '\'' || key == '`') {
        std::size_t start = vi_line_start(text, at), stop = vi_line_end(text, at);
        std::size_t open = std::string_view::npos;
        for (std::size_t i = start; i < stop; ++i) {
            if (text[i] == '\\') {
                ++i;
            } else if (text[i] == key) {
                if (open == std::string_view::npos) {
                    open = i;
                    continue;
                }
                if (i >= at) return around ? ViRange{open, i + 1} : ViRange{open + 1, i};
                open = std::string_view::npos;
            }
        }
        return {};
    }
    if (key == 'b') key = '(';
    if (key == 'B') key = '{';
    if (key == ')' || key == ']' || key == '}') key = partner(key);
    if (key != '(' && key != '[' && key != '{') return {};
    std::optional<ViRange> best;
    for (auto [open, close] : pairs(text)) {
        if (text[open] != key || open > at || close < at) continue;
        if (best && open < best->begin) continue;
        best = ViRange{open, close + 1};
    }
    if (best && !around) best = ViRange{best->begin + 1, best->end - 1};
    return best;
}

}  // namespace moonlet
