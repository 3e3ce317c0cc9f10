// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding given by ranks of tokens (tiktoken's rank files, sentencepiece's scores) as
// the list of merges that a tokenizer.json wants. There a pair of neighbours merges when its joined
// text is a token, the lowest rank first, the leftmost of equals. A region of a text merges exactly
// as it does alone until it is crossed, so a token can only come of the two parts that its own text
// reaches: one pair for each token says everything, and none for a token that cannot be reached.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace moonlet {

inline constexpr uint32_t kTakesNoPart = ~uint32_t{0};

struct DerivedMerge {
    uint32_t token;  // index into tokens
    uint32_t cut;    // bytes of its left part
};

// `ranks` says for each token when it merges (kTakesNoPart: it is no result of merging). Merging
// begins with bytes, or with characters where `characters`. In order of rank.
std::vector<DerivedMerge> derive_merges(const std::vector<std::string_view>& tokens,
                                        const std::vector<uint32_t>& ranks, bool characters);

}  // namespace moonlet
