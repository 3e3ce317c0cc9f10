// SPDX-License-Identifier: Apache-2.0
// Rows of data as functions take them: a Dataset, or a plain list of texts or tables.
#pragma once

#include <lua.hpp>

#include <vector>

#include "datasets/dataset.h"

namespace moonlet::bindings {

// All rows of the Dataset or list at `index`, strings of a list as they are. Error: neither, or no
// rows at all.
std::vector<Json> check_rows(lua_State* L, int index);

// The Dataset at `index`, or one made of the list there; strings become {"text": …}.
DatasetPtr check_dataset(lua_State* L, int index);

// A row as a table that keeps its key order; a null column is left out, so that it reads as nil.
void push_row(lua_State* L, const Json& row);

}  // namespace moonlet::bindings
