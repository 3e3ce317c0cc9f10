// SPDX-License-Identifier: Apache-2.0
// NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15) that also say which character came from
// which. Decompositions, combining classes and compositions are utf8proc's; the few code points
// that are newer than the tables Hugging Face's library was built with are left alone, as there.
#include <utf8proc.h>

#include <algorithm>

#include "tokenizers/unicode.h"

namespace moonlet::unicode {

namespace {

bool newer(char32_t c, bool compatible) {
    if (c == 0x11938) return true;
    if (!compatible) return false;
    return c == 0x32FF || (c >= 0xA7F2 && c <= 0xA7F4) || c == 0xAB69 ||
           (c >= 0x10781 && c <= 0x107BA) || (c >= 0x1E030 && c <= 0x1E06D) || c == 0x1F16C ||
           (c >= 0x1FBF0 && c <= 0x1FBF9);
}

int combining_class(char32_t c) {
    if (c < 0x300 || !is_combining(c)) return 0;
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

// 0 when the two do not compose.
char32_t compose(char32_t a, char32_t b) {
    // A vowel just before the trailing consonants, which utf8proc takes for the first of them.
    if (b == 0x11A7) return 0;
    utf8proc_int32_t two[2] = {static_cast<utf8proc_int32_t>(a), static_cast<utf8proc_int32_t>(b)};
    auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    auto n = utf8proc_normalize_utf32(two, 2, options);
    char32_t c = static_cast<char32_t>(two[0]);
    return n == 1 && !newer(c, false) ? c : 0;
}

std::vector<Change> decompose(std::string_view text, bool compatible) {
    std::vector<Change> out;
    out.reserve(text.size());
    std::vector<int> classes;
    size_t pending = 0;  // from here on the marks are not sorted yet
    auto sort_pending = [&] {
        if (out.size() - pending > 1) {
            std::vector<size_t> order(out.size() - pending);
            for (size_t i = 0; i < order.size(); ++i) order[i] = pending + i;
            std::stable_sort(order.begin(), order.end(),
                             [&](size_t a, size_t b) { return classes[a] < classes[b]; });
            std::vector<Change> sorted;
            for (size_t i : order) sorted.push_back(out[i]);
            std::copy(sorted.begin(), sorted.end(),
                      out.begin() + static_cast<std::ptrdiff_t>(pending));
        }
        pending = out.size();
    };
    auto push = [&](char32_t c, int change) {
        int k = combining_class(c);
        if (k == 0) sort_pending();
        out.push_back({c, change});
        classes.push_back(k);
        if (k == 0) pending = out.size();
    };
    int options = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
    for (size_t at = 0; at < text.size();) {
        char32_t c = next(text, at);
        if (c < 0xA0 || newer(c, compatible)) {
            push(c, 0);
            continue;
        }
        utf8proc_int32_t parts[32];
        int last = 0;
        auto n = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 32,
                                         static_cast<utf8proc_option_t>(options), &last);
        if (n <= 0 || n > 32) {
            push(c, 0);
            continue;
        }
        for (utf8proc_ssize_t i = 0; i < n; ++i) push(static_cast<char32_t>(parts[i]), i ? 1 : 0);
    }
    sort_pending();
    return out;
}

// Composition of a canonically ordered decomposition; a composed character carries the sum of its
// parts' changes less one for each part taken in.
std::vector<Change> recompose(const std::vector<Change>& in) {
    std::vector<Change> out, waiting;
    bool have = false;
    Change base{};
    int last_class = -1;  // of the last mark that did not compose; -1: none
    auto flush = [&] {
        out.insert(out.end(), waiting.begin(), waiting.end());
        waiting.clear();
        last_class = -1;
    };
    for (const Change& x : in) {
        int k = combining_class(x.c);
        if (!have) {
            if (k != 0) {
                out.push_back(x);
            } else {
                base = x;
                have = true;
            }
            continue;
        }
        bool blocked = last_class >= 0 && last_class >= k;
        char32_t whole = blocked ? 0 : compose(base.c, x.c);
        if (whole) {
            base = {whole, base.change + x.change - 1};
        } else if (k == 0) {
            out.push_back(base);
            flush();
            base = x;
        } else {
            waiting.push_back(x);
            last_class = k;
        }
    }
    if (have) out.push_back(base);
    flush();
    return out;
}

}  // namespace

bool surely_nfc(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        char32_t c = next(text, at);
        if (c >= 0x300 && !(c >= 0xAC00 && c <= 0xD7A3) && !(c >= 0x4E00 && c <= 0x9FFF) &&
            !(c >= 0x3000 && c <= 0x3029) && !(c >= 0x3030 && c <= 0x3096) &&
            !(c >= 0x2010 && c <= 0x2027))
            return false;
    }
    return true;
}

std::vector<Change> normalize(std::string_view text, Form form) {
    auto parts = decompose(text, form == Form::nfkc || form == Form::nfkd);
    return form == Form::nfc || form == Form::nfkc ? recompose(parts) : parts;
}

}  // namespace moonlet::unicode
