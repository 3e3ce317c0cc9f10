// SPDX-License-Identifier: Apache-2.0
// Lua values as a template sees them. nil is undefined, json.null none, whole numbers are integers;
// tables with keys 1..n and json.array are lists, the others dicts: what json.decode made in its
// own key order, plain tables with their number keys first, ascending, then the names, sorted by
// their bytes. An empty plain table is a dict. A Lua function is called with its positional
// arguments and, where there are named ones, a table of them behind; a table or userdata that knows
// how to print itself (__tostring: a Generation) is its text. The values hold on to the Lua state:
// they must go before the call that made them returns.
#pragma once

#include <lua.hpp>

#include "templates/value.h"

namespace moonlet::bindings {

// Error: a value that a template has no use for, a table that holds itself.
jinja::Value template_value(lua_State* L, int index);

}  // namespace moonlet::bindings
