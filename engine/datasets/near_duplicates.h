// SPDX-License-Identifier: Apache-2.0
// Texts that are nearly the same, found without comparing each with each: MinHash over shingles
// (Broder 1997) in one permutation (Li, Owen, Zhang 2012), banded (locality-sensitive hashing), and
// every pair so found is measured exactly. A shingle begins at each character and takes as many
// characters as make six bytes: six Latin letters, two Hangul syllables. Case and white space
// count for nothing. Similarity is Jaccard's: shared shingles over all shingles.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

// Lower case, white space as single blanks, none at the ends. `text` is valid UTF-8.
std::string folded(std::string_view text);

// The distinct shingles of a folded text as sorted hashes; a text without any is one itself.
std::vector<uint64_t> shingles(std::string_view folded_text);
double jaccard(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b);

// What is kept of a text: 256 bytes.
constexpr size_t kBands = 32;
using Signature = std::array<uint64_t, kBands>;
Signature signature(const std::vector<uint64_t>& shingles);

struct NearPair {
    size_t a, b;  // a < b
    double similarity;
};

// Pairs of similarity `least` and more: b with the first text of its kind, so that a family of n
// gives n - 1 pairs. text(i) gives text i again. `from`: only pairs with a < from <= b are wanted
// (two sets, one behind the other); 0: all.
std::vector<NearPair> near_pairs(const std::vector<Signature>& signatures, double least,
                                 const std::function<std::string(size_t)>& text, size_t from = 0);

}  // namespace moonlet
