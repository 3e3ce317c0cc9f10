// SPDX-License-Identifier: Apache-2.0
// A session as a file: Lua that people read and edit, and that `moonlet file.lua` runs entry by
// entry, as it was typed. Text in, text out; it runs nothing and opens no file. The format:
//     -- moonlet session · 2026-11-21 14:02 · moonlet 0.1        the first line tells what it is
//     local replay = require "moonlet.replay"                    the head, up to the first [n]
//     local show = replay.show
//     replay.columns(80)
//
//     -- [3]                             entry 3; what failed is left out, so numbers may be
//     missing replay.seeds(8123)                 before it: where its drawn seeds began (seeds,
//     columns, show(m:generate("Once"))           random); an expression whose values were printed
//     replay.weights("demo", "54ab…")    behind it: the hash of the weights it opened
//     --> upon a time                    what it printed, line by line
// `replay` and `show` get another name where the session uses these itself. Every entry stands
// there as it was typed, but for show(…) around an expression that printed values, replay.silent(…)
// for a silenced one that is no statement, and `return a` as show(a). Control characters in what
// was printed are written \27; long output is cut. "-- [3] interrupted" has no output to compare.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shell/session.h"

struct lua_State;

namespace moonlet {

struct SavedEntry {
    std::size_t number = 0;
    std::string before, text, after;  // text as it was typed
    bool interrupted = false;
    std::vector<std::string> output;  // as output_lines() gives it
};

struct SavedSession {
    std::string head;  // Lua before the first entry
    std::vector<SavedEntry> entries;
};

bool is_saved_session(std::string_view text);

// The number of a comment `-- [12]` that begins an entry, 0 when it is none.
std::size_t entry_marker(std::string_view comment);

// `L` compiles and runs nothing.
SavedSession parse_saved_session(lua_State* L, const std::string& text);

struct SaveReport {
    std::string text;  // the file
    std::size_t saved = 0, failed = 0, seeds = 0, weights = 0;
    std::vector<std::string> warnings;  // what the file will not do as the session did
};

// `hashes`: by path, of the weights of every model a successful entry opened; "" = not to be had.
// `when`: for the first line. kept: by entry, which of those that worked are written; null = all.
SaveReport write_saved_session(lua_State* L, const std::vector<Entry>& entries,
                               const std::map<std::string, std::string>& hashes,
                               const std::string& when,
                               const std::vector<bool>* kept = nullptr);

// What was printed as it stands behind `-->`: lines without colours, control characters as \27, at
// most 400 lines.
std::vector<std::string> output_lines(std::string_view output);

// Equal but for times, rates and addresses: "35 tok/s", "first after 12 ms", "table: 0x7f12…".
bool same_output(const std::string& recorded, const std::string& now);

}  // namespace moonlet
