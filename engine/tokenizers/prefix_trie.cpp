// SPDX-License-Identifier: Apache-2.0
// Sorted tokens give the levels one after the other: a node is a range of tokens that share their
// beginning.
#include "tokenizers/prefix_trie.h"

#include <algorithm>

namespace moonlet {

PrefixTrie::PrefixTrie(const std::vector<std::pair<std::string_view, int>>& tokens) {
    std::vector<std::pair<std::string_view, int>> sorted;
    sorted.reserve(tokens.size());
    for (auto& t : tokens)
        if (!t.first.empty()) sorted.push_back(t);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    struct Node {
        uint32_t begin, end, depth;  // tokens of `sorted`, bytes they share
    };
    std::vector<Node> level{{0, static_cast<uint32_t>(sorted.size()), 0}}, next;
    labels_.push_back(0);
    values_.push_back(-1);
    while (!level.empty()) {
        for (const Node& node : level) {
            first_.push_back(static_cast<uint32_t>(labels_.size()));
            uint32_t at = node.begin;
            while (at < node.end && sorted[at].first.size() == node.depth) ++at;  // ends here
            while (at < node.end) {
                char label = sorted[at].first[node.depth];
                uint32_t begin = at;
                int value = -1;
                for (; at < node.end && sorted[at].first[node.depth] == label; ++at)
                    if (sorted[at].first.size() == node.depth + 1) value = sorted[at].second;
                next.push_back({begin, at, node.depth + 1});
                labels_.push_back(static_cast<unsigned char>(label));
                values_.push_back(value);
            }
        }
        level.swap(next);
        next.clear();
    }
    first_.push_back(static_cast<uint32_t>(labels_.size()));
    for (uint32_t i = first_[0]; i < first_[1]; ++i) roots_[labels_[i]] = i;
}

}  // namespace moonlet
