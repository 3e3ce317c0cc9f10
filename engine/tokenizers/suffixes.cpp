// SPDX-License-Identifier: Apache-2.0
// Suffixes are sorted by prefix doubling (Larsson & Sadakane 2007, with radix passes), common
// prefixes found by Kasai et al. 2001, and the nodes of the tree read off a stack of intervals
// (Abouelhoda et al. 2004).
#include "tokenizers/suffixes.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet {

namespace {

std::vector<uint32_t> sorted_suffixes(const std::vector<char32_t>& text) {
    auto n = static_cast<uint32_t>(text.size());
    std::vector<uint32_t> order(n), rank(n), next(n), count;
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return text[a] < text[b]; });
    uint32_t classes = 0;
    for (uint32_t i = 0; i < n; ++i) {
        if (i > 0 && text[order[i]] != text[order[i - 1]]) ++classes;
        rank[order[i]] = classes;
    }
    ++classes;
    for (uint64_t width = 1; classes < n && width < n; width *= 2) {
        interrupt::check();
        // By the second half: suffixes without one come first, the others as they are sorted.
        uint32_t at = 0;
        for (uint64_t i = n - width; i < n; ++i) next[at++] = static_cast<uint32_t>(i);
        for (uint32_t i = 0; i < n; ++i)
            if (order[i] >= width) next[at++] = static_cast<uint32_t>(order[i] - width);
        // Then stably by the first half.
        count.assign(classes + 1, 0);
        for (uint32_t i = 0; i < n; ++i) ++count[rank[i] + 1];
        std::partial_sum(count.begin(), count.end(), count.begin());
        for (uint32_t i = 0; i < n; ++i) order[count[rank[next[i]]]++] = next[i];
        auto half = [&](uint32_t i) { return i + width < n ? int64_t{rank[i + width]} : -1; };
        classes = 0;
        next[order[0]] = 0;
        for (uint32_t i = 1; i < n; ++i) {
            uint32_t a = order[i - 1], b = order[i];
            if (rank[a] != rank[b] || half(a) != half(b)) ++classes;
            next[b] = classes;
        }
        ++classes;
        rank.swap(next);
    }
    return order;
}

// Of each sorted suffix but the first: how much it shares with the one before.
std::vector<uint32_t> common_prefixes(const std::vector<char32_t>& text,
                                      const std::vector<uint32_t>& order) {
    size_t n = text.size(), shared = 0;
    std::vector<uint32_t> place(n), out(n, 0);
    for (size_t i = 0; i < n; ++i) place[order[i]] = static_cast<uint32_t>(i);
    for (size_t i = 0; i < n; ++i) {
        if (place[i] == 0) {
            shared = 0;
            continue;
        }
        size_t other = order[place[i] - 1];
        while (i + shared < n && other + shared < n && text[i + shared] == text[other + shared])
            ++shared;
        out[place[i]] = static_cast<uint32_t>(shared);
        if (shared > 0) --shared;
    }
    return out;
}

}  // namespace

void repeated_substrings(const std::vector<char32_t>& text,
                         const std::function<void(size_t, size_t, size_t)>& found) {
    if (text.size() >= 0x7FFFFFFF) throw Error("a text of 2^31 characters", "less");
    if (text.size() < 2) return;
    std::vector<uint32_t> order = sorted_suffixes(text), shared = common_prefixes(text, order);
    struct Interval {
        size_t first, length;
    };
    std::vector<Interval> open;
    for (size_t i = 1; i <= text.size(); ++i) {
        size_t length = i < text.size() ? shared[i] : 0, first = i - 1;
        while (!open.empty() && open.back().length > length) {
            Interval done = open.back();
            open.pop_back();
            found(order[done.first], done.length, i - done.first);
            first = done.first;
        }
        if (length > 0 && (open.empty() || open.back().length < length))
            open.push_back({first, length});
    }
}

}  // namespace moonlet
