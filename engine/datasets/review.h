// SPDX-License-Identifier: Apache-2.0
// What one wants to know of data before training on it. The report is a value (below, as JSON);
// rows are numbered from 1 in it, as people count.
//   rows, skipped, format; text: what was looked at ("messages", "question + answer", column names)
//   columns      [{name, type, empty}]                     empty: null, "" or blank
//   lengths      {bytes, tokens?} = {min, mean, median, p95, max, total, longest = row}
//   duplicates   {rows, groups = [[row, row, …], …]}       same text but for white space
//   near         {rows, pairs = [{a, b, similarity}], threshold, looked_at}
//   labels       {column, values = [{value, rows, share}], balance}   balance: entropy, 1 = even
//   empty        [{row, column}]                           rows without text where others have it
//   suspicious   [{row, why}]
//   leakage      [{split, exact = [{row, other}], near = [{row, other, similarity}]}]
// Leakage compares what is asked (all turns before the last answer) of conversations, the text of
// others: a question that was trained on spoils a test whatever its answer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "datasets/dataset.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

struct ReviewOptions {
    std::vector<std::string> text;  // columns that hold the text; none: by the format
    std::string label;              // column; "": by the format
    double near = 0.8;              // similarity from which texts are near duplicates; 0: not asked
    std::shared_ptr<const Tokenizer> tokenizer;               // for lengths in tokens
    std::vector<std::pair<std::string, DatasetPtr>> against;  // other splits, by name
};

// Reads all rows, with progress. Error: no such column; a broken row.
Json review(DatasetPtr data, const ReviewOptions& options = {});

}  // namespace moonlet
