// SPDX-License-Identifier: Apache-2.0
// :time and :bench, their functions at the prompt, and commands written as calls.
#include <catch2/catch.hpp>

#include <string>

#include "pty.h"
#include "test.h"

using namespace moonlet::test;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(":time and `time f()` show wall, cpu, memory and gpu", "[pty]") {
    Pty pty;
    pty.line("function f() t = (t or 0) + 1 return ('x'):rep(8e6):len() end");
    for (const char* asked : {":time f()", "time f()"}) {
        std::string answer = pty.ask(asked);
        INFO(answer);
        CHECK(answer.rfind("8000000\nwall ", 0) == 0);
        CHECK(has(answer, "   cpu "));
        CHECK(has(answer, "   gpu none"));
    }
    CHECK(pty.ask("t") == "2");
    std::string answer = pty.ask("time(f)");  // a function: its time, then what it gave
    INFO(answer);
    CHECK(answer.rfind("wall ", 0) == 0);
    CHECK(has(answer, "8000000"));
    answer = pty.ask(":time error'no'");
    INFO(answer);
    CHECK(has(answer, "): no") == false);
    CHECK(has(answer, "no\n"));
    CHECK(has(answer, "wall "));
    CHECK(pty.ask(":time").rfind(":time code", 0) == 0);
}

TEST_CASE("bench gives mean, spread and n as a value that prints", "[pty]") {
    Pty pty;
    pty.line("runs = 0 function f() runs = runs + 1 end");
    pty.line("b = bench(f, {seconds = 0.01})");
    std::string answer = pty.ask("b");
    INFO(answer);
    CHECK(answer.rfind("mean ", 0) == 0);
    CHECK(has(answer, "spread ±"));
    CHECK(has(answer, "median "));
    CHECK(has(answer, "n "));
    CHECK(pty.ask("b.mean > 0, b.spread >= 0, b.n >= 3, b.n <= runs, b.min <= b.median") ==
          "true    true    true    true    true");
    pty.line("local k = 5");
    answer = pty.ask(":bench k + 1");
    INFO(answer);
    CHECK(answer.rfind("mean ", 0) == 0);
    CHECK(has(pty.ask(":bench x = "), "unfinished"));
    CHECK(has(pty.ask(":bench error('boom')"), "(bench):1: boom"));
    CHECK(has(pty.ask("bench(3)"), "wants a function"));
}

TEST_CASE("bench goes on until Ctrl-C takes it away", "[pty]") {
    Pty pty;
    pty.start(":bench (function() while true do end end)()");
    pty.send("\x03");
    CHECK(pty.wait_text("interrupted"));
    CHECK(pty.wait_prompt());
    CHECK(pty.ask("1 + 1") == "2");
}

TEST_CASE("the shell's words give way to names of the user's", "[pty]") {
    Pty pty;
    CHECK(pty.ask("rawget(_G, 'bench'), rawget(_G, 'time')") == "nil     nil");
    pty.line("time = 3");
    CHECK(pty.ask("time") == "3");
    CHECK(has(pty.ask("time f()"), "(4):1:"));  // no Lua, and no command any more
    pty.line("local function bench(x) return x * 2 end");
    CHECK(pty.ask("bench(21)") == "42");
    pty.line("function help(x) return 'mine ' .. x end");
    CHECK(pty.ask("help 'x'") == "mine x");
}

TEST_CASE("a command may be written as a call", "[pty]") {
    Pty pty;
    pty.line("x = 1");
    CHECK(has(pty.ask("save('" + pty.home() + "/s.lua')"), "s.lua"));
    CHECK(pty.ask("help 'models.load'") == pty.ask(":help models.load"));
    CHECK(has(pty.ask("nosuch 'x'"), "nosuch"));
    CHECK(has(pty.ask("time + 1"), "time"));  // an operator: Lua's own error
}

TEST_CASE(":profile shows Lua functions and native calls as one tree", "[pty]") {
    for (std::size_t columns : {80, 20}) {
        Pty pty({.columns = columns, .rows = 24});
        pty.line("t = {} for i = 1, 2e5 do t[i] = i end");
        pty.line("function f() return #json.encode(t) end");
        std::string answer = pty.ask(":profile f()");
        INFO(answer);
        CHECK(has(answer, "json.enco"));
        CHECK(has(answer, "whole "));
        if (columns == 80) {
            CHECK(answer.rfind("    total   all  self", 0) == 0);
            CHECK(answer.find("json.encode  ×1") > answer.find("  (2):1"));
        }
        CHECK(pty.ask("json.encode{1}") == "[1]");  // the native function is itself again
        CHECK(has(pty.ask("debug.getinfo(json.encode).what"), "C"));
        CHECK(has(pty.ask(":profile error'x'"), "whole "));
        pty.start(":profile (function() while true do end end)()");
        pty.send("\x03");
        REQUIRE(pty.wait_text("whole "));
        REQUIRE(pty.wait_prompt());
    }
}

TEST_CASE(":stats on shows speed and memory behind a model call", "[pty]") {
    Pty pty;
    pty.line("m = models.scripted{'one two', 'three four', 'five six'}");
    CHECK_FALSE(has(pty.ask("g = m:generate('x')"), "model call"));
    CHECK(pty.ask(":stats on") == "stats are on");
    std::string answer = pty.ask("g = m:generate('x')");
    INFO(answer);
    CHECK(has(answer, "-- 1 model call"));
    CHECK(has(answer, "peak memory"));
    CHECK(pty.ask("1 + 1") == "2");
    CHECK(pty.ask(":stats off") == "stats are off");
    CHECK_FALSE(has(pty.ask("g = m:generate('x')"), "model call"));
}
