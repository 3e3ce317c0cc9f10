// SPDX-License-Identifier: Apache-2.0
// Short tokens scan an array for the lowest rank, long ones use a heap: a hostile file may hold one
// token of a megabyte.
#include "tokenizers/derive_merges.h"

#include <algorithm>
#include <queue>

#include "core/interrupt.h"
#include "tokenizers/unicode.h"
#include "tokenizers/vocabulary.h"

namespace moonlet {

namespace {

constexpr size_t kShort = 64;  // symbols

class Deriver {
  public:
    Deriver(const std::vector<std::string_view>& tokens, const std::vector<uint32_t>& ranks)
        : ranks_(ranks) {
        size_t bytes = 0;
        for (size_t i = 0; i < tokens.size(); ++i)
            if (ranks[i] != kTakesNoPart) bytes += tokens[i].size();
        known_.reserve(tokens.size(), bytes);
        for (size_t i = 0; i < tokens.size(); ++i)
            if (ranks[i] != kTakesNoPart) known_.add(tokens[i], static_cast<int>(i));
    }

    // Bytes of the left one of the two parts that `text` is merged of last; 0: it never is.
    size_t last_cut(std::string_view text, bool characters) {
        starts_.clear();
        for (size_t i = 0; i < text.size();) {
            starts_.push_back(static_cast<uint32_t>(i));
            size_t n = characters ? unicode::width(static_cast<unsigned char>(text[i])) : 1;
            i += std::min(n, text.size() - i);
        }
        if (starts_.size() < 2) return 0;
        starts_.push_back(static_cast<uint32_t>(text.size()));
        size_t cut = starts_.size() - 1 <= kShort ? scan(text) : heap(text);
        // A character that is no token cannot be merged here.
        bool known =
            cut > 0 && known_.find(text.substr(0, cut)) >= 0 && known_.find(text.substr(cut)) >= 0;
        return known ? cut : 0;
    }

  private:
    uint32_t rank(std::string_view text, size_t begin, size_t end) const {
        if (end - begin > known_.longest()) return kTakesNoPart;
        int index = known_.find(text.substr(begin, end - begin));
        return index < 0 ? kTakesNoPart : ranks_[static_cast<size_t>(index)];
    }

    size_t scan(std::string_view text) {
        size_t n = starts_.size() - 1;  // symbols
        uint32_t pair[kShort];          // of symbols i and i + 1
        auto look = [&](size_t i) { pair[i] = rank(text, starts_[i], starts_[i + 2]); };
        for (size_t i = 0; i + 1 < n; ++i) look(i);
        for (; n > 2; --n) {
            size_t best = static_cast<size_t>(std::min_element(pair, pair + n - 1) - pair);
            if (pair[best] == kTakesNoPart) return 0;
            starts_.erase(starts_.begin() + static_cast<std::ptrdiff_t>(best + 1));
            std::copy(pair + best + 1, pair + n - 1, pair + best);
            if (best > 0) look(best - 1);
            if (best + 2 < n) look(best);
        }
        return starts_[1];
    }

    size_t heap(std::string_view text) {
        struct Candidate {
            uint32_t rank, at, middle, end;  // starts of the left, the right, and behind both
            bool operator<(const Candidate& o) const {  // the queue gives its greatest first
                return rank != o.rank ? rank > o.rank : at > o.at;
            }
        };
        size_t n = starts_.size() - 1;
        // By the byte a symbol starts at: where it ends, where the one before starts.
        std::vector<uint32_t> end(text.size() + 1, 0), before(text.size() + 1, 0);
        std::priority_queue<Candidate> queue;
        auto offer = [&](uint32_t at, uint32_t middle, uint32_t behind) {
            uint32_t r = rank(text, at, behind);
            if (r != kTakesNoPart) queue.push({r, at, middle, behind});
        };
        for (size_t i = 0; i < n; ++i) {
            end[starts_[i]] = starts_[i + 1];
            if (i > 0) before[starts_[i]] = starts_[i - 1];
        }
        for (size_t i = 0; i + 1 < n; ++i) offer(starts_[i], starts_[i + 1], starts_[i + 2]);
        while (n > 2) {
            if (queue.empty()) return 0;
            Candidate c = queue.top();
            queue.pop();
            if (end[c.at] != c.middle || end[c.middle] != c.end) continue;  // one has changed since
            end[c.at] = c.end;
            end[c.middle] = 0;
            --n;
            if (c.end < text.size()) before[c.end] = c.at;
            if (n == 2) break;
            if (c.at > 0) offer(before[c.at], c.at, c.end);
            if (c.end < text.size()) offer(c.at, c.end, end[c.end]);
            interrupt::check();
        }
        return end[0];
    }

    const std::vector<uint32_t>& ranks_;
    Vocabulary known_;
    std::vector<uint32_t> starts_;
};

}  // namespace

std::vector<DerivedMerge> derive_merges(const std::vector<std::string_view>& tokens,
                                        const std::vector<uint32_t>& ranks, bool characters) {
    Deriver deriver(tokens, ranks);
    std::vector<DerivedMerge> merges;
    for (size_t i = 0; i < tokens.size(); ++i) {
        if (ranks[i] == kTakesNoPart) continue;
        size_t cut = deriver.last_cut(tokens[i], characters);
        if (cut > 0) merges.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(cut)});
        if (i % 1024 == 0) interrupt::check();
    }
    std::stable_sort(merges.begin(), merges.end(),
                     [&](const auto& a, const auto& b) { return ranks[a.token] < ranks[b.token]; });
    return merges;
}

}  // namespace moonlet
