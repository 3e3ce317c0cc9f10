// SPDX-License-Identifier: Apache-2.0
// What Lua's own functions take: they are C functions, so nothing can be read off them. As the
// reference manual of Lua 5.1 and LuaJIT's page of extensions name the parameters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

// "string.format" → {"formatstring", "..."}; a parameter that may be left out ends in `?`. false:
// no such function.
bool library_parameters(std::string_view name, std::vector<std::string>* parameters);

}  // namespace moonlet
