// SPDX-License-Identifier: Apache-2.0
// How split options and spans are read and shown by every face of retrieval.
#pragma once

#include <lua.hpp>

#include "core/options.h"
#include "lexical/splitter.h"

namespace moonlet::bindings {

OptionTable split_rows();
// The split options of the table at `index`, its tokenizer included; defaults where there is none.
SplitOptions check_split(lua_State* L, int index);
// {begin + 1, end}
void push_span(lua_State* L, size_t begin, size_t end);
void push_headers(lua_State* L, const std::vector<std::string>& headers);

}  // namespace moonlet::bindings
