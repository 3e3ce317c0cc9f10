// SPDX-License-Identifier: Apache-2.0
#include "shell/markdown_sink.h"

#include <memory>
#include <new>

#include <unistd.h>
#include <lua.hpp>

#include "shell/markdown.h"
#include "shell/output_tee.h"
#include "shell/terminal.h"

namespace moonlet {
namespace {

constexpr const char* kClass = "moonlet.MarkdownStream";

bool wanted = true;

// Lua may jump over nothing here: the stream is reached through a pointer in the userdata.
struct Answer {
    std::unique_ptr<MarkdownStream> stream;
    std::string drawn;
    char last = '\n';  // of the source
};

Answer& self(lua_State* L) { return **static_cast<Answer**>(luaL_checkudata(L, 1, kClass)); }

int write_piece(lua_State* L) {
    std::size_t size = 0;
    const char* piece = luaL_checklstring(L, 2, &size);
    Answer& answer = self(L);
    answer.drawn.clear();
    answer.stream->write({piece, size});
    if (size > 0) answer.last = piece[size - 1];
    write_shown(answer.drawn, {piece, size});
    return 0;
}

int finish(lua_State* L) {
    Answer& answer = self(L);
    answer.drawn.clear();
    answer.stream->finish();
    write_shown(answer.drawn, answer.last == '\n' ? "" : "\n");
    return 0;
}

int collect(lua_State* L) {
    delete *static_cast<Answer**>(lua_touserdata(L, 1));
    return 0;
}

int render(lua_State* L) {
    bool thinking = lua_toboolean(L, 1);
    if (!wanted) return 0;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.text");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "unicode");
    lua_call(L, 0, 1);
    bool unicode = lua_toboolean(L, -1);
    auto** place = static_cast<Answer**>(lua_newuserdata(L, sizeof(Answer*)));
    *place = nullptr;
    luaL_getmetatable(L, kClass);
    lua_setmetatable(L, -2);
    auto* answer = new Answer;
    *place = answer;
    MarkdownStream::Look look{Terminal(STDIN_FILENO, STDOUT_FILENO).width(), unicode, thinking};
    answer->stream = std::make_unique<MarkdownStream>(
        look, [answer](std::string_view bytes) { answer->drawn += bytes; });
    return 1;
}

int install(lua_State* L) {
    luaL_newmetatable(L, kClass);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, write_piece);
    lua_setfield(L, -2, "write");
    lua_pushcfunction(L, finish);
    lua_setfield(L, -2, "finish");
    lua_setfield(L, -2, "__index");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.session");
    lua_call(L, 1, 1);
    lua_pushcfunction(L, render);
    lua_setfield(L, -2, "render");
    return 0;
}

}  // namespace

void install_markdown(lua_State* L, bool color) {
    if (!color || !isatty(STDOUT_FILENO)) return;
    if (lua_cpcall(L, install, nullptr) != 0) lua_pop(L, 1);  // a state without the stdlib
}

bool markdown_is_on() { return wanted; }
void set_markdown(bool on) { wanted = on; }

}  // namespace moonlet
