// SPDX-License-Identifier: Apache-2.0
// Short words scan an array of ranks (all in cache); long ones use a heap over a linked list, so
// that a line of 100 kB without a space does not take quadratic time.
#include "tokenizers/bpe_merge.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <queue>

namespace moonlet {

void MergeTable::reserve(size_t pairs) {
    size_t slots = 16;
    int bits = 4;
    while (slots < pairs * 2) slots *= 2, ++bits;
    slots_.assign(slots, Slot{kEmpty, {}});
    mask_ = slots - 1;
    shift_ = 64 - bits;
}

void MergeTable::set(int left, int right, Merge merge) {
    if ((size_ + 1) * 4 > slots_.size() * 3) {
        std::vector<Slot> old;
        old.swap(slots_);
        reserve(std::max<size_t>(16, size_ * 2));
        for (const Slot& s : old) {
            if (s.key == kEmpty) continue;
            size_t at = index(s.key);
            while (slots_[at].key != kEmpty) at = (at + 1) & mask_;
            slots_[at] = s;
        }
    }
    uint64_t key = pack(left, right);
    size_t at = index(key);
    while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & mask_;
    if (slots_[at].key == kEmpty) ++size_;
    slots_[at] = Slot{key, merge};
}

namespace {

constexpr uint32_t kNoRank = ~uint32_t{0};

void merge_short(std::vector<Symbol>& symbols, const MergeTable& merges) {
    std::array<Merge, 64> pair;  // of symbols i and i + 1
    size_t n = symbols.size();
    auto look = [&](size_t i) {
        const Merge* m = merges.find(symbols[i].id, symbols[i + 1].id);
        pair[i] = m ? *m : Merge{kNoRank, 0};
    };
    for (size_t i = 0; i + 1 < n; ++i) look(i);
    while (n > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < n; ++i)
            if (pair[i].rank < pair[best].rank) best = i;
        if (pair[best].rank == kNoRank) break;
        symbols[best].id = pair[best].id;
        symbols[best].length += symbols[best + 1].length;
        std::copy(symbols.begin() + static_cast<std::ptrdiff_t>(best + 2),
                  symbols.begin() + static_cast<std::ptrdiff_t>(n),
                  symbols.begin() + static_cast<std::ptrdiff_t>(best + 1));
        if (best + 2 < n)
            std::copy(pair.begin() + best + 2, pair.begin() + n - 1, pair.begin() + best + 1);
        --n;
        if (best > 0) look(best - 1);
        if (best + 1 < n) look(best);
    }
    symbols.resize(n);
}

void merge_long(std::vector<Symbol>& symbols, const MergeTable& merges) {
    struct Node {
        Symbol symbol;
        int64_t previous, next;
        bool gone;
    };
    struct Candidate {
        uint32_t rank;
        int id;
        size_t at;
        bool operator<(const Candidate& o) const {  // the queue gives its greatest first
            return rank != o.rank ? rank > o.rank : at > o.at;
        }
    };
    std::vector<Node> nodes(symbols.size());
    auto size = static_cast<int64_t>(symbols.size());
    for (int64_t i = 0; i < size; ++i)
        nodes[static_cast<size_t>(i)] = {symbols[static_cast<size_t>(i)], i - 1,
                                         i + 1 < size ? i + 1 : -1, false};
    std::priority_queue<Candidate> queue;
    auto offer = [&](size_t left, size_t right) {
        if (auto* m = merges.find(nodes[left].symbol.id, nodes[right].symbol.id))
            queue.push({m->rank, m->id, left});
    };
    for (size_t i = 0; i + 1 < nodes.size(); ++i) offer(i, i + 1);
    while (!queue.empty()) {
        Candidate top = queue.top();
        queue.pop();
        Node& left = nodes[top.at];
        if (left.gone || left.next < 0) continue;
        Node& right = nodes[static_cast<size_t>(left.next)];
        const Merge* now = merges.find(left.symbol.id, right.symbol.id);
        if (!now || now->id != top.id) continue;  // one of the two has changed since
        left.symbol.id = top.id;
        left.symbol.length += right.symbol.length;
        left.next = right.next;
        right.gone = true;
        if (left.next >= 0)
            nodes[static_cast<size_t>(left.next)].previous = static_cast<int64_t>(top.at);
        if (left.previous >= 0) offer(static_cast<size_t>(left.previous), top.at);
        if (left.next >= 0) offer(top.at, static_cast<size_t>(left.next));
    }
    symbols.clear();
    for (const Node& node : nodes)
        if (!node.gone) symbols.push_back(node.symbol);
}

}  // namespace

void merge_all(std::vector<Symbol>& symbols, const MergeTable& merges) {
    if (symbols.size() < 2) return;
    if (symbols.size() <= 64) merge_short(symbols, merges);
    else merge_long(symbols, merges);
}

WordCache::Slot& WordCache::slot(uint64_t hash) {
    thread_local std::vector<Slot> slots(size_t{1} << 13);
    return slots[(hash >> 32) & (slots.size() - 1)];
}

void WordCache::keep(Slot& slot, uint64_t model, uint64_t hash, std::string_view word,
                     const std::vector<Symbol>& symbols) {
    if (word.size() > kKey || symbols.size() > kSymbols) return;
    slot.owner = model;
    slot.hash = static_cast<uint32_t>(hash);
    slot.key_size = static_cast<uint8_t>(word.size());
    slot.count = static_cast<uint8_t>(symbols.size());
    std::memcpy(slot.key.data(), word.data(), word.size());
    for (size_t i = 0; i < symbols.size(); ++i) {
        slot.ids[i] = symbols[i].id;
        slot.lengths[i] = static_cast<uint8_t>(symbols[i].length);
    }
}

uint64_t WordCache::new_model() {
    static std::atomic<uint64_t> last{0};
    return ++last;
}

}  // namespace moonlet
