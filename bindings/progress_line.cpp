// SPDX-License-Identifier: Apache-2.0
#include "bindings/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <lua.hpp>

#include "core/progress.h"

namespace moonlet::bindings {

namespace {

// The shell's, which shows several operations at once; without a shell there is none.
using Sink = void (*)(const char* what, double done, double total, const char* unit,
                      const char* detail);
Sink sink = nullptr;

constexpr int kBar = 20;
constexpr double kFirstLine = 2, kNextLine = 10;  // seconds

std::string numbers(const Progress& p) {
    char text[128];
    if (p.total > 0)
        std::snprintf(text, sizeof text, "%.0f/%.0f %s (%.0f %%)", p.done, p.total, p.unit.c_str(),
                      100.0 * p.done / p.total);
    else std::snprintf(text, sizeof text, "%.0f %s", p.done, p.unit.c_str());
    return text;
}

// `text` without what does not fit into the terminal's line, where a longer one would stay behind.
// Bytes count as columns: it may be shorter than it could be, never longer.
std::string fitting(std::string text) {
    winsize size{};
    size_t room = ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1u : 79u;
    if (text.size() <= room) return text;
    while (room > 0 && (static_cast<unsigned char>(text[room]) & 0xC0) == 0x80) --room;
    return text.substr(0, room);
}

void draw(const Progress& p) {
    if (p.total < 0) {
        std::fprintf(stderr, "\r\x1b[K%s\n", p.what.c_str());
        return;
    }
    std::string line = p.what + " ";
    if (p.total > 0) {
        int full = int(kBar * std::clamp(p.done / p.total, 0.0, 1.0));
        line += "[" + std::string(size_t(full), '#') + std::string(size_t(kBar - full), '.') + "] ";
    }
    line += numbers(p) + "  " + p.detail;
    bool over = p.total > 0 && p.done >= p.total;
    std::fprintf(stderr, "\r\x1b[K%s", over ? "" : fitting(line).c_str());
    std::fflush(stderr);
}

void print(const Progress& p) {
    if (p.total < 0) {
        std::fprintf(stderr, "%s\n", p.what.c_str());
        return;
    }
    using Clock = std::chrono::steady_clock;
    static thread_local std::string what;
    static thread_local Clock::time_point since, last;
    static thread_local bool printed = false;
    auto now = Clock::now();
    if (p.what != what) what = p.what, since = last = now, printed = false;
    double waited = std::chrono::duration<double>(now - (printed ? last : since)).count();
    bool over = p.total > 0 && p.done >= p.total;
    if (over ? !printed : waited < (printed ? kNextLine : kFirstLine)) return;
    std::fprintf(stderr, "%s: %s  %s\n", p.what.c_str(), numbers(p).c_str(), p.detail.c_str());
    printed = !over;
    last = now;
    if (over) what.clear();
}

}  // namespace

void use_progress_sink(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "moonlet.progress_sink");
    if (lua_islightuserdata(L, -1)) sink = *static_cast<Sink*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
}

void show_progress(bool lines) {
    if (sink) {
        set_progress_listener([](const Progress& p) {
            sink(p.what.c_str(), p.done, p.total, p.unit.c_str(), p.detail.c_str());
        });
        return;
    }
    const char* term = std::getenv("TERM");
    if (isatty(2) && term && std::string(term) != "dumb") set_progress_listener(draw);
    else if (lines) set_progress_listener(print);
}

}  // namespace moonlet::bindings
