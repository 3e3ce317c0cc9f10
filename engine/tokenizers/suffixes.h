// SPDX-License-Identifier: Apache-2.0
// Substrings that stand in a text more than once, each as long as it can be: the inner nodes of its
// suffix tree. Works on code points.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace moonlet {

// Calls found(begin, length, count) for every substring that occurs `count` > 1 times and could not
// be longer without occurring less often; `begin` is one of its places. Linear in the text but for
// the sorting of suffixes, O(n log n). Error: a text of 2^31 characters or more. Interruptible.
void repeated_substrings(const std::vector<char32_t>& text,
                         const std::function<void(size_t, size_t, size_t)>& found);

}  // namespace moonlet
