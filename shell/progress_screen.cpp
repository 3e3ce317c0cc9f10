// SPDX-License-Identifier: Apache-2.0
#include "shell/progress_screen.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include <unistd.h>
#include <lua.hpp>

#include "shell/progress_area.h"
#include "shell/terminal.h"
#include "shell/text.h"

namespace moonlet {
namespace {

struct Area {
    std::recursive_mutex mutex;
    ProgressArea model;
    std::vector<std::size_t> shown;  // columns of the rows on the screen
    bool line_open = false;          // what was printed last did not end its line
};

Area& area() {
    static Area one;
    return one;
}

double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

bool on_terminal() {
    static const bool yes = [] {
        const char* term = std::getenv("TERM");
        return isatty(STDERR_FILENO) && term && *term && std::strcmp(term, "dumb") != 0;
    }();
    return yes;
}

bool unicode() {
    const char* ascii = std::getenv("MOONLET_ASCII");
    if (ascii && *ascii) return false;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value && *value) return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

double resident_bytes() {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (!file) return 0;
    long pages = 0;
    bool read = std::fscanf(file, "%*d %ld", &pages) == 1;
    std::fclose(file);
    return read ? static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

void write_error(std::string_view bytes) {
    while (!bytes.empty()) {
        auto n = ::write(STDERR_FILENO, bytes.data(), bytes.size());
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

// Erases the rows, the cursor where the first began. The terminal may have become narrower since.
std::string erased() {
    auto& shown = area().shown;
    if (shown.empty()) return {};
    std::size_t width = Terminal(STDIN_FILENO, STDERR_FILENO).width(), rows = 0;
    bool rewraps = Terminal::rewraps();
    for (std::size_t columns : shown)
        rows += rewraps && columns > 0 ? (columns + width - 1) / width : 1;
    shown.clear();
    std::string out = "\r";
    if (rows > 1) out += "\x1b[" + std::to_string(rows - 1) + "A";
    return out + "\x1b[J";
}

void draw() {
    std::string out = erased();
    Area& a = area();
    Terminal terminal(STDIN_FILENO, STDERR_FILENO);
    std::size_t width = terminal.width(), height = terminal.height();
    if (!a.line_open && !a.model.empty()) {
        auto rows = a.model.rows(width - 1, now(), unicode(), resident_bytes());
        if (rows.size() + 1 > height)
            rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(height - 1));
        for (const auto& row : rows) {
            out += (a.shown.empty() ? "" : "\n") + row;
            a.shown.push_back(static_cast<std::size_t>(text_width(row)));
        }
    }
    write_error(out);
}

void take(const ProgressReport& report) {
    std::lock_guard lock(area().mutex);
    std::string word = area().model.report(report, now());
    if (!on_terminal()) {
        std::string line = area().model.plain_line(report, now());
        if (!line.empty()) write_error(line + "\n");
        return;
    }
    if (!word.empty()) write_error(erased() + word + "\n");
    draw();
}

// What native modules find in the registry.
void sink(const char* what, double done, double total, const char* unit, const char* detail) {
    take({what, done, total, unit, detail});
}

// session.report(what, done, total, unit, detail)
int report(lua_State* L) {
    sink(luaL_checkstring(L, 1), luaL_checknumber(L, 2), luaL_optnumber(L, 3, 0),
         luaL_optstring(L, 4, ""), luaL_optstring(L, 5, ""));
    return 0;
}

// session.live(text): the text stands above the bars until the next; nil takes it away. False where
// nothing can be drawn in place.
int live(lua_State* L) {
    const char* text = luaL_optstring(L, 1, nullptr);
    lua_pushboolean(L, on_terminal());
    if (!on_terminal()) return 1;
    std::lock_guard lock(area().mutex);
    std::vector<std::string> rows;
    while (text && *text) {
        const char* end = std::strchr(text, '\n');
        rows.emplace_back(text, end ? static_cast<std::size_t>(end - text) : std::strlen(text));
        text = end ? end + 1 : nullptr;
    }
    area().model.set_block(std::move(rows));
    draw();
    return 1;
}

int install(lua_State* L) {
    using Sink = decltype(&sink);
    static Sink place = sink;
    lua_pushlightuserdata(L, &place);
    lua_setfield(L, LUA_REGISTRYINDEX, "moonlet.progress_sink");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.session");
    lua_call(L, 1, 1);
    lua_pushcfunction(L, report);
    lua_setfield(L, -2, "report");
    lua_pushcfunction(L, live);
    lua_setfield(L, -2, "live");
    return 0;
}

}  // namespace

void install_progress(lua_State* L) {
    if (lua_cpcall(L, install, nullptr) != 0) lua_pop(L, 1);  // a state without the stdlib
}

void progress_make_room() {
    std::lock_guard lock(area().mutex);
    if (!area().shown.empty()) write_error(erased());
}

void progress_come_back(std::string_view written) {
    std::lock_guard lock(area().mutex);
    if (!written.empty()) area().line_open = written.back() != '\n';
    if (!area().model.empty() && on_terminal()) draw();
}

void end_progress() {
    std::lock_guard lock(area().mutex);
    area().model.clear();
    if (!area().shown.empty()) write_error(erased());
    area().line_open = false;
}

}  // namespace moonlet
