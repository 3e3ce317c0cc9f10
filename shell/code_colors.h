// SPDX-License-Identifier: Apache-2.0
// Colours of code in an answer: one style for each byte. Lua by its lexer; other languages by what
// most of them share (strings, numbers, comments, common keywords). A language it does not know
// stays plain but for strings and numbers.
#pragma once

#include <string_view>
#include <vector>

#include "shell/render.h"

namespace moonlet {

std::vector<Style> color_code(std::string_view language, std::string_view text);

}  // namespace moonlet
