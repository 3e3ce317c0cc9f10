// SPDX-License-Identifier: Apache-2.0
#include "shell/object_text.h"

#include <algorithm>

#include <lua.hpp>

#include "shell/help.h"
#include "shell/text.h"

namespace moonlet {
namespace {

// Is its metatable one that moonlet keeps for a class of its own, without __prose, or one that
// says so of itself?
bool is_report(lua_State* L, int index) {
    int top = lua_gettop(L);
    bool report = false;
    if (lua_getmetatable(L, index)) {
        lua_pushliteral(L, "__name");
        lua_rawget(L, -2);
        if (lua_type(L, -1) == LUA_TSTRING) {
            std::string key = std::string("moonlet.") + lua_tostring(L, -1);
            lua_getfield(L, LUA_REGISTRYINDEX, key.c_str());
            report = lua_rawequal(L, -1, top + 1);
        }
        lua_pushliteral(L, "__prose");
        lua_rawget(L, top + 1);
        report = report && lua_isnil(L, -1);
        lua_pushliteral(L, "__report");
        lua_rawget(L, top + 1);
        report = report || lua_toboolean(L, -1);
    }
    lua_settop(L, top);
    return report;
}

// As many columns of a line as fit, escape sequences kept, an ellipsis where something went.
std::string cut(const std::string& line, int width) {
    std::string out;
    int used = 0;
    bool colored = false;
    for (std::size_t at = 0; at < line.size();) {
        if (std::size_t skip = escape_length(line, at)) {
            out += line.substr(at, skip);
            colored = true;
            at += skip;
            continue;
        }
        std::size_t end = next_cluster(line, at);
        int columns = cluster_width(std::string_view(line).substr(at, end - at));
        if (used + columns > width - 1) return out + "…" + (colored ? "\x1b[0m" : "");
        used += columns;
        out += line.substr(at, end - at);
        at = end;
    }
    return out;
}

}  // namespace

std::string fit_object(lua_State* L, int index, std::string text, int width) {
    width = std::max(width, 8);
    if (!is_report(L, index)) return text;
    if (text.find('\n') == std::string::npos)
        return text_width(text) > width ? wrapped(text, width) : text;
    std::string out;
    for (std::size_t at = 0; at <= text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        out +=
            (text_width(line) > width ? cut(line, width) : line) + (end < text.size() ? "\n" : "");
        at = end + 1;
    }
    return out;
}

}  // namespace moonlet
