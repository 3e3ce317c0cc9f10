// SPDX-License-Identifier: Apache-2.0
// The terms that BM25 counts: words in lower case, runs of letters, marks, digits and '_'.
// With bigrams (the default) a run of Hangul, Han or kana inside a word stands for its pairs
// of neighbouring characters, one alone for itself: Korean glues particles to its words ("서울은",
// "서울에서"), and pairs match across them without a dictionary. Compatible and decomposed forms
// (full-width letters, loose jamo) are brought together by NFKC first. Knows no index.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace moonlet::lexical {

enum class Terms { bigrams, words };

// Calls `take` with each term of `text` in order; the view lives until it returns.
void each_term(std::string_view text, Terms kind,
               const std::function<void(std::string_view)>& take);

}  // namespace moonlet::lexical
