// SPDX-License-Identifier: Apache-2.0
// Backtracking over pattern items. An item is a single-character class with an optional quantifier,
// or one of ( ) () %b %f %1-9 $. Each step looks at one item at one place of the text.
#include "core/lua_pattern.h"

#include <cctype>
#include <string>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr size_t kNone = size_t(-1), kOpen = size_t(-2);
constexpr size_t kMaxCaptures = 32;
constexpr int kMaxDepth = 180;

[[noreturn]] void malformed(const char* why) {
    throw Error(std::string("malformed pattern (") + why + ")");
}

bool in_class(unsigned char c, char letter) {
    bool yes;
    switch (std::tolower(static_cast<unsigned char>(letter))) {
        case 'a': yes = std::isalpha(c); break;
        case 'c': yes = std::iscntrl(c); break;
        case 'd': yes = std::isdigit(c); break;
        case 'g': yes = std::isgraph(c); break;
        case 'l': yes = std::islower(c); break;
        case 'p': yes = std::ispunct(c); break;
        case 's': yes = std::isspace(c); break;
        case 'u': yes = std::isupper(c); break;
        case 'w': yes = std::isalnum(c); break;
        case 'x': yes = std::isxdigit(c); break;
        case 'z': yes = c == 0; break;
        default: return letter == char(c);
    }
    return std::isupper(static_cast<unsigned char>(letter)) ? !yes : yes;
}

class Matcher {
  public:
    Matcher(std::string_view text, std::string_view pattern, uint64_t& steps)
        : text_(text), pattern_(pattern), steps_(steps) {}

    // Where a match of the whole pattern that begins at `at` ends, or kNone.
    size_t run(size_t at) {
        groups_.clear();
        return match(at, 0, 0);
    }

    struct Group {
        size_t begin, end;  // end: kOpen while it is open
        bool position;
    };
    const std::vector<Group>& groups() const { return groups_; }

  private:
    void step() {
        if (steps_ == 0) throw Error("pattern matching takes too long");
        --steps_;
    }

    char item(size_t p) const { return p < pattern_.size() ? pattern_[p] : '\0'; }

    // Behind the single-character class that begins at p.
    size_t class_end(size_t p) const {
        if (item(p) == '%') {
            if (p + 1 >= pattern_.size()) malformed("ends with '%'");
            return p + 2;
        }
        if (item(p) != '[') return p + 1;
        ++p;
        if (item(p) == '^') ++p;
        do {  // a ] in front stands for itself
            if (p >= pattern_.size()) malformed("missing ']'");
            p += item(p) == '%' ? 2 : 1;
        } while (item(p) != ']' || p >= pattern_.size());
        return p + 1;
    }

    // Whether c is in the set between '[' at p and ']' at last.
    bool in_set(unsigned char c, size_t p, size_t last) const {
        bool inverted = item(p + 1) == '^';
        for (p += inverted ? 2 : 1; p < last; ++p) {
            if (item(p) == '%') {
                if (in_class(c, item(++p))) return !inverted;
            } else if (item(p + 1) == '-' && p + 2 < last) {
                auto low = static_cast<unsigned char>(item(p));
                auto high = static_cast<unsigned char>(item(p + 2));
                if (low <= c && c <= high) return !inverted;
                p += 2;
            } else if (static_cast<unsigned char>(item(p)) == c) {
                return !inverted;
            }
        }
        return inverted;
    }

    bool single(size_t at, size_t p, size_t end) {
        step();
        if (at >= text_.size()) return false;
        auto c = static_cast<unsigned char>(text_[at]);
        if (pattern_[p] == '.') return true;
        if (pattern_[p] == '%') return in_class(c, pattern_[p + 1]);
        if (pattern_[p] == '[') return in_set(c, p, end - 1);
        return static_cast<unsigned char>(pattern_[p]) == c;
    }

    size_t match(size_t at, size_t p, int depth) {
        if (depth > kMaxDepth) throw Error("pattern too complex");
        while (p < pattern_.size()) {
            step();
            if (pattern_[p] == '(') return open(at, p, depth);
            if (pattern_[p] == ')') return close(at, p, depth);
            if (pattern_[p] == '$' && p + 1 == pattern_.size())
                return at == text_.size() ? at : kNone;
            if (pattern_[p] == '%' && item(p + 1) == 'b') {
                at = balanced(at, p + 2);
                if (at == kNone) return kNone;
                p += 4;
                continue;
            }
            if (pattern_[p] == '%' && item(p + 1) == 'f') {
                size_t set = p + 2;
                if (item(set) != '[') malformed("missing '[' after '%f'");
                size_t end = class_end(set);
                auto before = static_cast<unsigned char>(at == 0 ? 0 : text_[at - 1]);
                auto here = static_cast<unsigned char>(at < text_.size() ? text_[at] : 0);
                if (in_set(before, set, end - 1) || !in_set(here, set, end - 1)) return kNone;
                p = end;
                continue;
            }
            if (pattern_[p] == '%' && std::isdigit(static_cast<unsigned char>(item(p + 1)))) {
                at = again(at, pattern_[p + 1]);
                if (at == kNone) return kNone;
                p += 2;
                continue;
            }
            size_t end = class_end(p);
            char quantifier = item(end);
            if (quantifier == '*' || quantifier == '+' || quantifier == '-' || quantifier == '?')
                return repeated(at, p, end, quantifier, depth);
            if (!single(at, p, end)) return kNone;
            ++at;
            p = end;
        }
        return at;
    }

    size_t repeated(size_t at, size_t p, size_t end, char quantifier, int depth) {
        if (quantifier == '-') {
            for (;; ++at) {
                size_t found = match(at, end + 1, depth + 1);
                if (found != kNone) return found;
                if (!single(at, p, end)) return kNone;
            }
        }
        size_t most = quantifier == '?' ? 1 : kNone, least = quantifier == '+' ? 1 : 0, count = 0;
        while (count < most && single(at + count, p, end)) ++count;
        for (;; --count) {
            if (count < least) return kNone;
            size_t found = match(at + count, end + 1, depth + 1);
            if (found != kNone) return found;
            if (count == 0) return kNone;
        }
    }

    size_t open(size_t at, size_t p, int depth) {
        if (groups_.size() >= kMaxCaptures) throw Error("too many captures");
        bool position = item(p + 1) == ')';
        groups_.push_back({at, position ? at : kOpen, position});
        size_t found = match(at, p + (position ? 2 : 1), depth + 1);
        if (found == kNone) groups_.pop_back();
        return found;
    }

    size_t close(size_t at, size_t p, int depth) {
        size_t which = groups_.size();
        while (which > 0 && groups_[which - 1].end != kOpen) --which;
        if (which == 0) throw Error("invalid pattern capture");
        groups_[which - 1].end = at;
        size_t found = match(at, p + 1, depth + 1);
        if (found == kNone) groups_[which - 1].end = kOpen;
        return found;
    }

    size_t balanced(size_t at, size_t p) {
        if (p + 1 >= pattern_.size()) malformed("missing arguments to '%b'");
        if (at >= text_.size() || text_[at] != pattern_[p]) return kNone;
        size_t depth = 1;
        for (size_t i = at + 1; i < text_.size(); ++i) {
            step();
            if (text_[i] == pattern_[p + 1]) {
                if (--depth == 0) return i + 1;
            } else if (text_[i] == pattern_[p]) {
                ++depth;
            }
        }
        return kNone;
    }

    size_t again(size_t at, char digit) {
        size_t which = size_t(digit - '1');
        if (digit == '0' || which >= groups_.size() || groups_[which].end == kOpen)
            throw Error("invalid capture index");
        std::string_view word =
            text_.substr(groups_[which].begin, groups_[which].end - groups_[which].begin);
        for (size_t i = 0; i < word.size() / 64; ++i) step();
        return text_.substr(at, word.size()) == word ? at + word.size() : kNone;
    }

    std::string_view text_, pattern_;
    uint64_t& steps_;
    std::vector<Group> groups_;
};

}  // namespace

LuaPattern::LuaPattern(std::string_view pattern, uint64_t& steps)
    : pattern_(pattern), steps_(steps), anchored_(!pattern.empty() && pattern[0] == '^') {
    if (anchored_) pattern_.remove_prefix(1);
}

bool LuaPattern::find(std::string_view text, size_t from, Match& match) {
    Matcher matcher(text, pattern_, steps_);
    for (size_t at = from; at <= text.size(); ++at) {
        size_t end = matcher.run(at);
        if (end != kNone) {
            match = {at, end, {}};
            for (auto& group : matcher.groups()) {
                if (group.end == kOpen) throw Error("unfinished capture");
                match.captures.push_back({group.begin, group.end, group.position});
            }
            return true;
        }
        if (anchored_) break;
    }
    return false;
}

}  // namespace moonlet
