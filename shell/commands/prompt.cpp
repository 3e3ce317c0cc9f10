// SPDX-License-Identifier: Apache-2.0
// :prompt — exactly what the last model call was given: the text, and the token ids with the piece
// each stands for. The stdlib keeps it: require("moonlet.generation").last_prompt() gives
// {text=, ids=, tokens=} or nil.
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/commands.h"

namespace moonlet {
namespace {

constexpr const char* kNone = "no model has been called yet\n";

int find_prompt(lua_State* L) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "loaded");
    lua_getfield(L, -1, "moonlet.generation");
    if (!lua_istable(L, -1)) return 0;
    lua_getfield(L, -1, "last_prompt");
    lua_call(L, 0, 1);
    return 1;
}

// Length of a list field of the table on the top.
std::size_t list(lua_State* L, const char* field) {
    lua_getfield(L, -1, field);
    return lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
}

std::string describe(lua_State* L, int width) {
    lua_getfield(L, -1, "text");
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    std::string out = text ? std::string(text, size) + "\n" : "(the call was given ids only)\n";
    lua_pop(L, 1);
    std::size_t pieces = list(L, "tokens");
    int pieces_at = lua_gettop(L);
    lua_pushvalue(L, -2);
    std::size_t count = list(L, "ids");
    int ids_at = lua_gettop(L);
    if (text && count == 0) return out;  // a remote model's: it tells no ids
    out += std::string("— ") + std::to_string(count) + " tokens\n";
    int column = 0;
    for (std::size_t i = 1; i <= count; ++i) {
        lua_rawgeti(L, ids_at, static_cast<int>(i));
        std::string cell = lua_tostring(L, -1) ? lua_tostring(L, -1) : "?";
        lua_pop(L, 1);
        if (i <= pieces) {
            lua_rawgeti(L, pieces_at, static_cast<int>(i));
            std::size_t length = 0;
            const char* piece = lua_tolstring(L, -1, &length);
            if (piece) cell += ":" + quote(piece, length, 200);
            lua_pop(L, 1);
        }
        int columns = static_cast<int>(cell.size()) + 1;
        if (column > 0 && column + columns > width) {
            out += "\n";
            column = 0;
        }
        out += (column ? " " : "") + cell;
        column += columns;
    }
    return out + (count ? "\n" : "");
}

std::string run_prompt(CommandContext& context, const std::string&) {
    lua_State* L = context.session.lua();
    int base = lua_gettop(L);
    lua_pushcfunction(L, find_prompt);
    std::string out = kNone;
    if (call_protected(L, 0, 1, nullptr) != CallStatus::ok) {
        out = lua_tostring(L, -1) ? std::string(lua_tostring(L, -1)) + "\n" : kNone;
    } else if (lua_istable(L, -1)) {
        out = describe(L, context.session.width());
    }
    reset_interrupt();
    lua_settop(L, base);
    return out;
}

const CommandRegistrar row{
    {"prompt", "", "exact text and token ids of the last model call", run_prompt}};

}  // namespace
}  // namespace moonlet
