// SPDX-License-Identifier: Apache-2.0
#include "lexical/fusion.h"

#include <algorithm>
#include <unordered_map>

#include "core/error.h"

namespace moonlet {

std::vector<Scored> fuse_rankings(const std::vector<std::vector<int64_t>>& rankings,
                                  const std::vector<double>& weights, double k) {
    if (!weights.empty() && weights.size() != rankings.size())
        throw Error("fuse: " + std::to_string(weights.size()) + " weights",
                    std::to_string(rankings.size()) + ", one per ranking");
    if (!(k >= 0)) throw Error("fuse: k below 0", "0 or more (60 by default)");
    struct Sum {
        double score = 0;
        size_t rank = 0;
    };
    std::unordered_map<int64_t, Sum> sums;
    for (size_t i = 0; i < rankings.size(); ++i) {
        double weight = weights.empty() ? 1 : weights[i];
        if (!(weight >= 0)) throw Error("fuse: a weight below 0", "0 or more");
        for (size_t rank = 1; rank <= rankings[i].size(); ++rank) {
            Sum& sum = sums[rankings[i][rank - 1]];
            sum.score += weight / (k + double(rank));
            if (weight > 0 && (sum.rank == 0 || rank < sum.rank)) sum.rank = rank;
        }
    }
    std::vector<std::pair<int64_t, Sum>> all(sums.begin(), sums.end());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        if (a.second.score != b.second.score) return a.second.score > b.second.score;
        if (a.second.rank != b.second.rank) return a.second.rank < b.second.rank;
        return a.first < b.first;
    });
    std::vector<Scored> result;
    for (auto& [id, sum] : all) result.push_back({id, float(sum.score)});
    return result;
}

}  // namespace moonlet
