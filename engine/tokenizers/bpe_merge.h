// SPDX-License-Identifier: Apache-2.0
// The merging of byte-pair encoding (Sennrich et al. 2016): of all neighbours that have a rule, the
// one with the lowest rank merges first, the leftmost of equals. And the memory of words that were
// merged before. Knows ids and lengths, no text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace moonlet {

struct Symbol {
    int id;
    uint32_t length;  // bytes it stands for
};

struct Merge {
    uint32_t rank;
    int id;  // what the pair becomes
};

// Pairs of ids -> Merge, open addressing.
class MergeTable {
  public:
    void reserve(size_t pairs);
    void set(int left, int right, Merge merge);  // replaces
    const Merge* find(int left, int right) const {
        if (slots_.empty()) return nullptr;
        uint64_t key = pack(left, right);
        for (size_t at = index(key); slots_[at].key != kEmpty; at = (at + 1) & mask_)
            if (slots_[at].key == key) return &slots_[at].merge;
        return nullptr;
    }
    size_t size() const { return size_; }
    size_t memory() const { return slots_.capacity() * sizeof(Slot); }

  private:
    struct Slot {
        uint64_t key;
        Merge merge;
    };
    static constexpr uint64_t kEmpty = ~uint64_t{0};
    static uint64_t pack(int a, int b) {
        return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 | static_cast<uint32_t>(b);
    }
    size_t index(uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }

    std::vector<Slot> slots_;
    size_t mask_ = 0, size_ = 0;
    int shift_ = 64;
};

// Merges `symbols` in place until no rule applies.
void merge_all(std::vector<Symbol>& symbols, const MergeTable& merges);

// Words merged before, per thread, of all models together; a bounded table where a newcomer takes
// the place of whoever has its slot.
class WordCache {
  public:
    static constexpr size_t kKey = 32, kSymbols = 9;
    struct Slot {
        uint64_t owner = 0;  // the model's number; 0 = empty
        uint32_t hash = 0;
        uint8_t key_size = 0, count = 0;
        std::array<char, kKey> key;
        std::array<int, kSymbols> ids;
        std::array<uint8_t, kSymbols> lengths;
        bool holds(uint64_t model, uint64_t h, std::string_view word) const {
            return owner == model && hash == static_cast<uint32_t>(h) && key_size == word.size() &&
                   std::string_view(key.data(), key_size) == word;
        }
    };
    // The slot for a word of at most kKey bytes; the caller asks holds().
    static Slot& slot(uint64_t hash);
    static void keep(Slot& slot, uint64_t model, uint64_t hash, std::string_view word,
                     const std::vector<Symbol>& symbols);
    static uint64_t new_model();  // a number nobody else has
};

}  // namespace moonlet
