// SPDX-License-Identifier: Apache-2.0
// How well a name fits what was typed, for completion. Pure.
#pragma once

#include <string_view>

namespace moonlet {

inline constexpr int kNoMatch = -1;

// 0: the name starts so. 1: it does when upper and lower case count as one. Above: the letters
// stand in it in this order, the first at the start of a word of it; fewer gaps are better. One
// letter alone asks for a start.
int match_score(std::string_view typed, std::string_view name);

}  // namespace moonlet
