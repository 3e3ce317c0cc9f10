// SPDX-License-Identifier: Apache-2.0
// All tokens that begin at a place of a text, shortest first. A trie of bytes laid out level by
// level: the children of a node stand side by side, labels in one array. Immutable once built.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace moonlet {

class PrefixTrie {
  public:
    PrefixTrie() = default;
    // Tokens and what each stands for (0 or more); of equal tokens the last one counts, empty ones
    // are left out.
    explicit PrefixTrie(const std::vector<std::pair<std::string_view, int>>& tokens);

    // Calls found(length, value) for every token that text[from …] begins with.
    template <class Found>
    void each_prefix(std::string_view text, size_t from, Found found) const {
        if (labels_.empty()) return;
        uint32_t node = 0;
        for (size_t i = from; i < text.size(); ++i) {
            node = child(node, static_cast<unsigned char>(text[i]));
            if (node == 0) return;
            if (values_[node] >= 0) found(i + 1 - from, values_[node]);
        }
    }
    size_t memory() const { return labels_.capacity() * 9; }

  private:
    uint32_t child(uint32_t node, unsigned char label) const {  // 0: none
        if (node == 0) return roots_[label];
        uint32_t first = first_[node], count = first_[node + 1] - first;
        if (count == 1) return labels_[first] == label ? first : 0;
        const void* at = count ? std::memchr(&labels_[first], label, count) : nullptr;
        if (!at) return 0;
        return static_cast<uint32_t>(static_cast<const unsigned char*>(at) - labels_.data());
    }

    std::vector<unsigned char> labels_;  // of each node; node 0 is the root
    std::vector<uint32_t> first_;        // of each node, and one more: where its children begin
    std::vector<int> values_;            // -1: no token ends here
    uint32_t roots_[256] = {};
};

}  // namespace moonlet
