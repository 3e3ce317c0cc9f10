// SPDX-License-Identifier: Apache-2.0
#include "shell/terminal_query.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"

namespace moonlet {
namespace {

std::string& early_keys() {
    static std::string keys;
    return keys;
}

// End of the escape sequence at `at`: CSI up to its letter, a string up to ST or BEL. npos = it is
// not whole.
std::size_t sequence_end(std::string_view text, std::size_t at) {
    if (at + 1 >= text.size()) return std::string_view::npos;
    if (text[at + 1] == '[') {
        for (std::size_t i = at + 2; i < text.size(); ++i)
            if (text[i] >= '@' && text[i] <= '~') return i + 1;
        return std::string_view::npos;
    }
    std::size_t bell = text.find('\a', at), st = text.find("\x1b\\", at + 2);
    if (st != std::string_view::npos && st < bell) return st + 2;
    return bell == std::string_view::npos ? bell : bell + 1;
}

bool is_reply(std::string_view sequence) {
    return sequence.substr(0, 3) == "\x1b[?" || sequence.substr(0, 2) == "\x1b_" ||
           sequence.substr(0, 2) == "\x1b]" || sequence.substr(0, 2) == "\x1bP";
}

// Divides what came into replies and keys. True when the reply to DA1 is there.
bool divide(std::string_view text, std::string* replies, std::string* keys) {
    replies->clear();
    keys->clear();
    bool over = false;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = text[at] == '\x1b' ? sequence_end(text, at) : at + 1;
        if (end == std::string_view::npos) end = text.size();
        std::string_view part = text.substr(at, end - at);
        bool reply = part[0] == '\x1b' && is_reply(part);
        (reply ? replies : keys)->append(part);
        over = over || (reply && part.substr(0, 3) == "\x1b[?" && part.back() == 'c');
        at = end;
    }
    return over;
}

int ask(lua_State* L) {
    std::size_t size = 0;
    const char* question = luaL_checklstring(L, 1, &size);
    auto limit = static_cast<int>(luaL_optinteger(L, 2, 100));
    std::string reply = ask_terminal({question, size}, limit);
    lua_pushlstring(L, reply.data(), reply.size());
    return 1;
}

int cell_size(lua_State* L) {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_xpixel == 0 || size.ws_col == 0 ||
        size.ws_ypixel == 0 || size.ws_row == 0)
        return 0;
    lua_pushnumber(L, static_cast<double>(size.ws_xpixel) / size.ws_col);
    lua_pushnumber(L, static_cast<double>(size.ws_ypixel) / size.ws_row);
    return 2;
}

int install(lua_State* L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.session");
    lua_call(L, 1, 1);
    lua_pushcfunction(L, ask);
    lua_setfield(L, -2, "ask_terminal");
    lua_pushcfunction(L, cell_size);
    lua_setfield(L, -2, "cell_size");
    lua_pushboolean(L, isatty(STDOUT_FILENO));
    lua_setfield(L, -2, "terminal");
    return 0;
}

}  // namespace

std::string ask_terminal(std::string_view question, int milliseconds) {
    termios before{};
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0) return {};
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &quiet) != 0) return {};
    std::fflush(stdout);
    std::string text, replies, keys;
    if (::write(STDOUT_FILENO, question.data(), question.size()) > 0) {
        using Clock = std::chrono::steady_clock;
        auto limit = Clock::now() + std::chrono::milliseconds(milliseconds);
        while (!divide(text, &replies, &keys) && interrupt_flag().load() == kInterruptNone) {
            auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - Clock::now());
            pollfd input{STDIN_FILENO, POLLIN, 0};
            if (left.count() <= 0 || poll(&input, 1, static_cast<int>(left.count())) <= 0) break;
            char buffer[4096];
            auto n = ::read(STDIN_FILENO, buffer, sizeof buffer);
            if (n <= 0) break;
            text.append(buffer, static_cast<std::size_t>(n));
        }
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    divide(text, &replies, &keys);
    early_keys() += keys;
    return replies;
}

std::string take_early_keys() { return std::exchange(early_keys(), {}); }

void install_terminal_query(lua_State* L) {
    if (lua_cpcall(L, install, nullptr) != 0) lua_pop(L, 1);  // a state without the stdlib
}

}  // namespace moonlet
