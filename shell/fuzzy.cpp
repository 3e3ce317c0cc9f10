// SPDX-License-Identifier: Apache-2.0
#include "shell/fuzzy.h"

#include <cstddef>

namespace moonlet {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9') || (c & 0x80);
}

bool starts_word(std::string_view name, std::size_t i) {
    return i == 0 || !is_word(name[i - 1]) || (is_upper(name[i]) && !is_upper(name[i - 1]));
}

// Gaps of a match whose first letter stands at `i`; kNoMatch when it does not go on.
int gaps_from(std::string_view typed, std::string_view name, std::size_t i) {
    int gaps = 0;
    std::size_t t = 0;
    bool run = true;
    for (; i < name.size() && t < typed.size(); ++i) {
        if (lower(name[i]) == lower(typed[t])) {
            // The start of another word is no gap: `mt` is as good for max_tokens as `ma`.
            if (!run && !starts_word(name, i)) ++gaps;
            run = true;
            ++t;
        } else {
            run = false;
        }
    }
    return t == typed.size() ? gaps : kNoMatch;
}

}  // namespace

int match_score(std::string_view typed, std::string_view name) {
    if (name.substr(0, typed.size()) == typed) return 0;
    if (typed.size() > name.size()) return kNoMatch;
    std::size_t same = 0;
    while (same < typed.size() && lower(name[same]) == lower(typed[same])) ++same;
    if (same == typed.size()) return 1;
    if (typed.size() < 2) return kNoMatch;
    int best = kNoMatch;
    for (std::size_t i = 0; i + typed.size() <= name.size(); ++i) {
        if (lower(name[i]) != lower(typed[0]) || !starts_word(name, i)) continue;
        int gaps = gaps_from(typed, name, i);
        if (gaps == kNoMatch) break;  // what does not fit from here fits from nowhere behind
        int score = 2 + 4 * gaps + (i > 0);
        if (best == kNoMatch || score < best) best = score;
    }
    return best;
}

}  // namespace moonlet
