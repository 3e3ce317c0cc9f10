// SPDX-License-Identifier: Apache-2.0
// What training reads: the distinct words of the texts, cut and rewritten by a normalizer and a
// pre-tokenizer as encoding would do it, and how often each stood there. In order of appearance.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

struct WordCounts {
    std::vector<std::string> words;
    std::vector<int64_t> counts;
};

// Both parts as a tokenizer.json has them, or null. Error: unknown kinds; Interrupted: Ctrl-C.
WordCounts count_words(const std::function<bool(std::string&)>& next_text, const Json& normalizer,
                       const Json& pre_tokenizer);

}  // namespace moonlet
