// SPDX-License-Identifier: Apache-2.0
// Lua values as text for a person. A top-level string is itself, nested ones are quoted; tables fit
// the width, show sorted keys, mark cycles and stop at limits; an object is what its __tostring
// says, and type with address where that fails. Reads tables raw: of the user's code only
// __tostring runs.
#pragma once

#include <cstddef>
#include <string>

struct lua_State;

namespace moonlet {

struct PrintLimits {
    int width = 80;
    int depth = 5;                 // tables within tables
    std::size_t items = 100;       // of one table
    std::size_t total = 1500;      // values in all
    std::size_t text = 64 * 1024;  // bytes of a top-level string; nested ones a hundredth
    bool raw = false;              // objects by class and address: no __tostring is run
};

// May raise Lua errors (memory); call it inside a protected call.
std::string format_value(lua_State* L, int index, const PrintLimits& limits);

// `count` values from `first` on: divided by tabs, or each on its own lines when one has several.
std::string format_values(lua_State* L, int first, int count, const PrintLimits& limits);

// A string in quotes, escapes for what is not printable. Cut at `limit` bytes.
std::string quote(const char* text, std::size_t size, std::size_t limit);

}  // namespace moonlet
