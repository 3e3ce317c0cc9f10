// SPDX-License-Identifier: Apache-2.0
// Colours of an entry while it is typed: one style for each byte. Keywords, strings, numbers and
// comments; brackets that nothing closes or opens in red; the bracket at the cursor and its
// partner; globals that do not exist dim.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "shell/render.h"

namespace moonlet {

// `cursor` beyond the text: no bracket is matched (an accepted entry). Entries that are no Lua
// (`:command`, `?name`) stay plain. is_defined tells whether a global or a local of the session has
// the name; without it, and in texts of more than 64 KB, no name is dim.
std::vector<Style> highlight(std::string_view text, std::size_t cursor,
                             const std::function<bool(std::string_view)>& is_defined = {});

}  // namespace moonlet
