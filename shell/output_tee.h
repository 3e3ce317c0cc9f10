// SPDX-License-Identifier: Apache-2.0
// Keeps what Lua and the engine write to C's stdout while it goes on to descriptor 1 as before, so
// that an entry can be saved with what it printed. It stands in the place of `stdout` itself:
// `print`, io.write and the engine's own text pass through it; what child processes and the line
// editor write to the descriptor does not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moonlet {

inline constexpr std::size_t kKeptOutput = 64 * 1024;  // bytes of one entry; the rest is dropped

// Puts it in place; call it before a Lua state opens, which keeps its own io.stdout. Once is
// enough, and where C's library has no fopencookie nothing is kept.
void install_output_tee();

// Writes `shown` to the terminal and keeps `text` in its place: a rendered answer, its source.
void write_shown(std::string_view shown, std::string_view text);

void begin_output();
// What was written since begin_output(), at most kKeptOutput bytes, without its colours.
std::string take_output();

}  // namespace moonlet
