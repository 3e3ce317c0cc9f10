// SPDX-License-Identifier: Apache-2.0
// What the two ways of filling panels share (pack.cpp, pack_blocks.cpp): where a group lies, how 16
// rows of codes are laid across each other, and the walk over the panels by the pool.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>

#include "ops/cpu/packed.h"
#include "ops/cpu/pool.h"

namespace moonlet::cpu {

// A group's place in its panel.
struct GroupAt {
    uint8_t *header, *codes;
    int64_t in_block;
};
inline GroupAt group_at(const Panels& p, uint8_t* panel, int64_t group) {
    const int64_t block_bytes = p.header_bytes + p.block_groups * p.code_bytes;
    uint8_t* header = panel + group / p.block_groups * block_bytes;
    const int64_t in_block = group % p.block_groups;
    return {header, header + p.header_bytes + in_block * p.code_bytes, in_block};
}

inline uint32_t word_of(const void* at) {
    uint32_t word;
    std::memcpy(&word, at, 4);
    return word;
}
// Word `index` of row `row`: a quad (8 bits), a pair of quads (4 bits), or a plane.
inline void put_word(uint8_t* codes, int64_t index, int64_t row, uint32_t word) {
    std::memcpy(codes + 64 * index + 4 * row, &word, 4);
}
// 32 codes of four bits, one a byte.
inline void put_nibbles(uint8_t* codes, int64_t row, const uint8_t* bytes) {
    for (int q = 0; q < 4; ++q)
        put_word(codes, q, row, word_of(bytes + 4 * q) | word_of(bytes + 16 + 4 * q) << 4);
}

// fill(panel index) for every panel; the caller's thread calls between() first, behind each of its
// own and last, so that it is called however few of them it gets.
template <class Fill>
void fill_panels(PackedWeights& weights, const Between& between, Fill fill) {
    const Panels& p = weights.panels();
    const int64_t count = (p.rows + kPanelRows - 1) / kPanelRows;
    std::atomic<int64_t> next{0};
    together([&](Team& team) {
        if (team.index == 0 && between) between();
        for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
            fill(i);
            if (team.index == 0 && between) between();
        }
        if (team.index == 0 && between) between();
    });
}

// The headers of a panel, which are filled in parts only, begin as zeros.
inline void clear_headers(const Panels& p, uint8_t* panel) {
    for (int64_t g = 0; g < p.groups; g += p.block_groups)
        std::memset(group_at(p, panel, g).header, 0, size_t(p.header_bytes));
}

}  // namespace moonlet::cpu
