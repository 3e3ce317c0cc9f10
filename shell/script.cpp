// SPDX-License-Identifier: Apache-2.0
#include "shell/script.h"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/errors.h"

namespace moonlet {
namespace {

constexpr int kWidth = 100;  // of values and source lines in messages

void report(lua_State* L) {
    std::string text = "moonlet: " + show_error(take_error(L, kWidth), kWidth, false);
    std::fflush(stdout);
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

// Calls what load_status says is on the stack: a function and its arguments, or a message.
ScriptResult call(lua_State* L, int load_status, int arguments) {
    CallStatus status = CallStatus::failed;
    if (load_status == 0) status = call_protected(L, arguments, 0, collect_error);
    if (status == CallStatus::ok) return ScriptResult::ok;
    if (status == CallStatus::interrupted) {
        lua_pop(L, 1);
        std::string where = interrupt_location();
        std::fflush(stdout);
        std::fprintf(stderr, "moonlet: interrupted%s%s\n", where.empty() ? "" : " at ",
                     where.c_str());
        return ScriptResult::interrupted;
    }
    report(L);
    lua_pop(L, 1);
    return ScriptResult::failed;
}

}  // namespace

void set_arg(lua_State* L, const std::vector<std::string>& argv, int script) {
    lua_newtable(L);
    for (int i = 0; i < static_cast<int>(argv.size()); ++i) {
        lua_pushlstring(L, argv[static_cast<std::size_t>(i)].data(),
                        argv[static_cast<std::size_t>(i)].size());
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

ScriptResult run_chunk(lua_State* L, const std::string& text, const std::string& chunk_name) {
    keep_chunk_text(L, chunk_name, text);
    return call(L, luaL_loadbuffer(L, text.data(), text.size(), chunk_name.c_str()), 0);
}

ScriptResult require_module(lua_State* L, const std::string& name) {
    lua_getglobal(L, "require");
    lua_pushstring(L, name.c_str());
    return call(L, 0, 1);
}

ScriptResult run_script(lua_State* L, const std::string& path, const std::vector<std::string>& argv,
                        int script) {
    int status = luaL_loadfile(L, path == "-" ? nullptr : path.c_str());
    int arguments = 0;
    if (status == 0) {
        luaL_checkstack(L, static_cast<int>(argv.size()) + 4, "too many arguments");
        for (std::size_t i = static_cast<std::size_t>(script) + 1; i < argv.size();
             ++i, ++arguments) {
            lua_pushlstring(L, argv[i].data(), argv[i].size());
        }
    }
    return call(L, status, arguments);
}

ScriptResult run_lua_init(lua_State* L) {
    const char* text = std::getenv("LUA_INIT");
    if (!text || !*text) return ScriptResult::ok;
    if (text[0] == '@') return call(L, luaL_loadfile(L, text + 1), 0);
    return run_chunk(L, text, "=LUA_INIT");
}

ScriptResult run_start_file(lua_State* L) {
    const char* config = std::getenv("XDG_CONFIG_HOME");
    const char* home = std::getenv("HOME");
    std::string folder;
    if (config && *config) {
        folder = config;
    } else if (home && *home) {
        folder = std::string(home) + "/.config";
    } else {
        return ScriptResult::ok;
    }
    std::string path = folder + "/moonlet/init.lua";
    if (access(path.c_str(), F_OK) != 0) return ScriptResult::ok;
    return call(L, luaL_loadfile(L, path.c_str()), 0);
}

}  // namespace moonlet
