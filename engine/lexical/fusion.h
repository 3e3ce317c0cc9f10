// SPDX-License-Identifier: Apache-2.0
// Several rankings made one. Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): an id's score
// is the sum over the rankings that hold it of weight / (k + rank), rank from 1; k = 60 is the
// paper's. Scores of the rankings are not looked at, so they need no common scale.
#pragma once

#include <cstdint>
#include <vector>

#include "lexical/index.h"

namespace moonlet {

// The ids of all rankings, best first; ties by the better single rank, then by lower id. `weights`:
// one per ranking, or empty for ones. Error: another number of weights, one below 0, k below 0.
std::vector<Scored> fuse_rankings(const std::vector<std::vector<int64_t>>& rankings,
                                  const std::vector<double>& weights, double k = 60);

}  // namespace moonlet
