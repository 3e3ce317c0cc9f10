// SPDX-License-Identifier: Apache-2.0
// A long session through the pseudo-terminal: values, errors, locals, blocks, help, commands, keys.
// After a warm-up the shell's memory stays what it was. MOONLET_SOAK=50000 makes it long (the ctest
// shell_soak, label slow); without it a few hundred entries, which find a leak of a kilobyte each.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "pty.h"
#include "test.h"

using namespace moonlet::test;

namespace {

double resident_kb(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6));
    return 0;
}

// Entry i of the mixture, without the Enter at its end.
std::string entry(int i) {
    std::string n = std::to_string(i), slot = std::to_string(i / 20 % 10);
    switch (i % 20) {
        case 0: return "x = " + n + " * 2";
        case 1: return "{name = 'entry " + n + "', list = {1, 2, 3}, " + n + "}";
        case 2: return "local v" + slot + " = " + n;
        case 3: return "error('soak " + n + "')";
        case 4: return "for j = 1, 3 do y = (y or 0) + j\rz = " + n + "\rend";
        case 5: return i % 40 == 5 ? "?string.format" : "?models.load";
        case 6: return ":time " + n + " + 1";
        case 7: return "'text " + n + " ' .. ('x'):rep(" + n + " % 300)";
        case 8: return "json.decode(json.encode{" + n + ", 'a'})";
        case 9: return "x = = " + n;
        case 10: return "stri\t.upper('a" + n + "')";
        case 11: return "nosuch" + slot + ".field";
        case 12: return "_, _1, #tostring(_err)";
        case 13: return "local function f" + slot + "() return v" + slot + ", " + n + " end";
        case 14: return "print(f" + slot + " and f" + slot + "())";
        case 15: return "for k = 1, 30 do print(k, " + n + ") end";
        case 16: return ":nosuch " + n;
        case 17: return "datasets.new{{text = 'row " + n + "'}, {text = 'b'}}";
        case 18: return "coroutine.wrap(function() coroutine.yield(" + n + ") end)()";
        default: return "setmetatable({}, {__tostring = function() return 'object " + n + "' end})";
    }
}

// Sends the keys and waits until all of them have done their work.
void send(Pty& pty, const std::string& keys, int number) {
    std::string text = std::to_string(number), mark = "reached:" + text;
    pty.send(keys + "'reached' .. ':' .. " + text + "\r");
    REQUIRE(pty.wait([&] {
        return pty.screen.visible().find(mark) != std::string::npos &&
               pty.screen.cursor_column() == 2;
    }));
}

// Types entries from..to, many ahead of what the shell has done; but Ctrl-C takes the keys with it
// that nobody has read, so it comes alone.
void type(Pty& pty, int from, int to) {
    std::string keys;
    for (int i = from; i < to; ++i) {
        keys += entry(i) + "\r";
        if (i % 20 == 14) {
            send(pty, keys, i);
            pty.send("draft " + std::to_string(i) + " (");
            REQUIRE(pty.wait_text("draft " + std::to_string(i) + " ("));
            keys = "\x03";
        }
    }
    send(pty, keys, to);
}

double lua_kb(Pty& pty) {
    return std::atof(
        pty.ask("(collectgarbage() or collectgarbage()) + collectgarbage'count'").c_str());
}

}  // namespace

TEST_CASE("a long session does not grow", "[pty][soak]") {
    const char* given = std::getenv("MOONLET_SOAK");
    int count = given && *given ? std::atoi(given) : 800;
    int warm = std::max(count / 10, 400);
    Pty pty({.columns = 80, .rows = 24});
    type(pty, 0, warm);
    double lua_before = lua_kb(pty), before = resident_kb(pty.pid());
    for (int i = warm; i < count; i += 1000) {
        type(pty, i, std::min(count, i + 1000));
        if (given)
            std::printf("soak: %6d entries, %.0f KB resident\n", std::min(count, i + 1000),
                        resident_kb(pty.pid()));
    }
    double lua_after = lua_kb(pty), after = resident_kb(pty.pid());
    INFO("resident KB " << before << " -> " << after << ", Lua KB " << lua_before << " -> "
                        << lua_after << " over " << count - warm << " entries");
    CHECK(lua_before > 100);
    // Over so few entries what compiled code and the allocator take varies.
    const double room = given ? 1.05 : 1.25;
    CHECK(lua_after < lua_before * room);
#if defined(__SANITIZE_ADDRESS__)
    skip("resident memory under AddressSanitizer, which keeps what was freed for a while");
#else
    CHECK(after < before * room);
#endif
    CHECK(pty.ask("6 * 7") == "42");
}
