// SPDX-License-Identifier: Apache-2.0
// Calls into Lua are protected one by one: no C++ object with a destructor stands between a Lua
// error and its pcall.
#include "shell/last_result.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <utility>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/pager.h"
#include "shell/printer.h"
#include "shell/session.h"

namespace moonlet {
namespace {

int screen_rows() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
    return 24;
}

// (value, name of a function of moonlet.last) → the function that gives pieces, or nil
int open_pieces(lua_State* L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.last");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

int write_file(lua_State* L) {  // (value, form, path) → bytes
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.last");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "write");
    lua_replace(L, -2);
    lua_insert(L, 1);
    lua_call(L, 3, 1);
    return 1;
}

struct Format {
    int width;
    std::string text;
};

int format_whole(lua_State* L) {  // (value, Format*)
    auto* format = static_cast<Format*>(lua_touserdata(L, 2));
    PrintLimits limits;
    limits.width = format->width;
    limits.depth = 100;
    limits.items = limits.total = 2'000'000;
    limits.text = std::size_t(1) << 30;
    format->text = format_value(L, 1, limits);
    return 0;
}

// The message on the top, which goes.
std::string problem(lua_State* L, CallStatus status) {
    const char* given = lua_tostring(L, -1);
    std::string text = status == CallStatus::interrupted
                           ? "interrupted"
                           : (given ? given : "an error without text");
    lua_pop(L, 1);
    reset_interrupt();
    return text + "\n";
}

// Shows the value at the absolute index; "" or what went wrong. May run inside an entry.
std::string show_value(lua_State* L, int value, const std::string& form, int width) {
    int base = lua_gettop(L);
    lua_pushcfunction(L, open_pieces);
    lua_pushvalue(L, value);
    lua_pushstring(L, ((form.empty() ? "whole" : form) + "_pieces").c_str());
    CallStatus status = call_protected(L, 2, 1, nullptr);
    if (status != CallStatus::ok && (!form.empty() || status == CallStatus::interrupted))
        return problem(L, status);
    if (status != CallStatus::ok || !lua_isfunction(L, -1)) {  // plain, or no stdlib
        Format format{width, {}};
        lua_settop(L, base);
        lua_pushcfunction(L, format_whole);
        lua_pushvalue(L, value);
        lua_pushlightuserdata(L, &format);
        status = call_protected(L, 2, 0, nullptr);
        if (status != CallStatus::ok) return problem(L, status);
        bool given = false;
        show_paged(
            [&](std::string* piece) {
                *piece = given ? "" : format.text + "\n";
                return !std::exchange(given, true);
            },
            width, screen_rows());
        return {};
    }
    int next = lua_gettop(L);
    std::string trouble;
    show_paged(
        [&](std::string* piece) {
            lua_pushvalue(L, next);
            CallStatus called = call_protected(L, 0, 1, nullptr);
            if (called != CallStatus::ok) {
                trouble = problem(L, called);
                return false;
            }
            std::size_t size = 0;
            const char* text = lua_tolstring(L, -1, &size);
            if (text) piece->assign(text, size);
            lua_pop(L, 1);
            return text != nullptr;
        },
        width, screen_rows());
    lua_settop(L, base);
    return trouble;
}

}  // namespace

std::string show_last(Session& session, const std::string& form, const std::string& file) {
    lua_State* L = session.lua();
    int base = lua_gettop(L);
    if (!session.locals().push("_")) lua_pushnil(L);
    std::string out;
    if (lua_isnil(L, -1)) {
        out = "no result yet\n";
    } else if (file.empty()) {
        out = show_value(L, lua_gettop(L), form, session.width());
    } else {
        lua_pushcfunction(L, write_file);
        lua_insert(L, -2);
        lua_pushstring(L, form.c_str());
        lua_pushstring(L, file.c_str());
        CallStatus status = call_protected(L, 3, 1, nullptr);
        out = status == CallStatus::ok
                  ? "wrote " + std::to_string(static_cast<long long>(lua_tonumber(L, -1))) +
                        " bytes to " + file + "\n"
                  : problem(L, status);
    }
    reset_interrupt();
    lua_settop(L, base);
    return out;
}

}  // namespace moonlet
