// SPDX-License-Identifier: Apache-2.0
// One walk back over the ids for each draft: some microseconds for thousands of them, far less than
// a token costs, and nothing to keep in step with them.
#include "generation/ngram.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace moonlet {

NgramDrafter::NgramDrafter(int most, int least) : most_(size_t(most)), least_(size_t(least)) {
    if (least < 1 || least > most)
        throw Error("ngram_min " + std::to_string(least) + " and ngram_max " + std::to_string(most),
                    "ngram_min of at least 1 and not above ngram_max");
}

std::vector<Proposal> NgramDrafter::propose(const std::vector<int>& ids, int count) {
    size_t longest = 0, from = 0;  // ids[from] followed the longest match
    for (size_t end = ids.size() > 0 ? ids.size() - 1 : 0; end > 0 && longest < most_; --end) {
        // ids[0, end) ends as all of them end
        size_t same = 0, limit = std::min(end, most_);
        while (same < limit && ids[end - 1 - same] == ids[ids.size() - 1 - same]) ++same;
        if (same > longest) longest = same, from = end;
    }
    if (longest < least_) return {};
    std::vector<int> whole = ids;
    std::vector<Proposal> draft;
    for (int i = 0; i < count; ++i) {
        whole.push_back(whole[from + size_t(i)]);
        draft.push_back({whole.back(), {}});
    }
    return draft;
}

}  // namespace moonlet
