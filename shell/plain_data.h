// SPDX-License-Identifier: Apache-2.0
// What may be kept without keeping an object alive: nil, booleans, numbers, strings up to 1 MB, and
// tables of them without metatables, of at most 1,000 values. Reads raw.
#pragma once

struct lua_State;

namespace moonlet {

bool is_plain(lua_State* L, int index);

}  // namespace moonlet
