// SPDX-License-Identifier: Apache-2.0
// Running what is no entry: scripts, -e chunks, -l modules, LUA_INIT. Errors go to stderr with a
// traceback, as lua does it.
#pragma once

#include <string>
#include <vector>

struct lua_State;

namespace moonlet {

enum class ScriptResult { ok = 0, failed = 1, interrupted = 130 };  // the value is the exit code

// The global `arg`: arg[0] the script (or program), positive its arguments, negative what stands
// before it on the command line.
void set_arg(lua_State* L, const std::vector<std::string>& argv, int script);

ScriptResult run_chunk(lua_State* L, const std::string& text, const std::string& chunk_name);
ScriptResult require_module(lua_State* L, const std::string& name);

// path "-" is standard input. Its `...` are argv behind index `script`.
ScriptResult run_script(lua_State* L, const std::string& path, const std::vector<std::string>& argv,
                        int script);

// LUA_INIT: a chunk, or @file.
ScriptResult run_lua_init(lua_State* L);

// $XDG_CONFIG_HOME/moonlet/init.lua, by default ~/.config/…, where it exists.
ScriptResult run_start_file(lua_State* L);

}  // namespace moonlet
