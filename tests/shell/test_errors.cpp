// SPDX-License-Identifier: Apache-2.0
// What an error says at the prompt: names, carets, frames, what to do, and the frames looked into
// afterwards.
#include <catch2/catch.hpp>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "pty.h"
#include "shell/error_hint.h"
#include "shell/error_sites.h"
#include "shell/errors.h"
#include "shell/post_mortem.h"
#include "shell/session.h"
#include "test.h"

using namespace moonlet;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;

namespace {

// "index t.a | call f" … of a line.
std::string sites(const std::string& text, std::size_t line = 1) {
    static const char* const kNames[] = {"index",       "call",   "arithmetic",
                                         "concatenate", "length", "compare"};
    std::string out;
    for (const Site& site : sites_of_line(text, line)) {
        if (!site.exact) continue;
        out += (out.empty() ? "" : " | ") + std::string(kNames[static_cast<int>(site.kind)]) + " " +
               text.substr(site.begin, site.end - site.begin) + (site.method ? " (method)" : "");
    }
    return out;
}

// What show_error says of an entry in a session of its own.
struct Shown {
    lua_State* L;
    std::unique_ptr<Session> session;
    Shown() {
        std::string problem;
        L = open_state({false}, &problem);
        session = std::make_unique<Session>(L, false);
    }
    ~Shown() {
        session.reset();
        lua_close(L);
    }
    std::string operator()(const std::string& code) {
        keep_chunk_text(L, "=chunk", code);
        REQUIRE(luaL_loadbuffer(L, code.data(), code.size(), "=chunk") == 0);
        REQUIRE(call_protected(L, 0, 0, collect_error) == CallStatus::failed);
        reset_interrupt();
        std::string text = show_error(take_error(L, 80), 80, false);
        lua_settop(L, 0);
        return text;
    }
};

}  // namespace

TEST_CASE("the places of a line where something can fail") {
    CHECK(sites("return t.a.b") == "index t | index t.a");
    CHECK(sites("x.foo.bar()") == "index x | index x.foo | call x.foo.bar");
    CHECK(sites("c:say('a').b = 1") == "index c | call c:say (method) | index c:say('a')");
    CHECK(sites("f(a.b)[2] = #g + h.i * 2") ==
          "call f | index f(a.b) | index a | length g | arithmetic g | index h | "
          "arithmetic h.i | arithmetic h.i");
    CHECK(sites("a = (b.c) .. d < e") ==
          "concatenate (b.c) | index b | concatenate b.c | "
          "concatenate d | compare d | compare e");
    CHECK(sites("t['x y'][1].z{1}") ==
          "index t | index t['x y'] | index t['x y'][1] | call t['x y'][1].z");
    CHECK(sites("a.b\n .c\n .d = 1", 2) == "index a.b | index a.b\n .c");
    CHECK(sites("-- t.a.b\ns = 't.a.b'", 1).empty());
    CHECK(sites("((").empty());
    CHECK(sites("").empty());
}

TEST_CASE("an operator's message names the whole expression, with carets under it") {
    Shown shown;
    CHECK(shown("local x = {} print(1, x.foo.bar)") ==
          "chunk:1: attempt to index field 'x.foo' (a nil value)\n"
          "  1 | local x = {} print(1, x.foo.bar)\n"
          "    |                       ^^^^^\n");
    auto first = [&](const std::string& code) {
        std::string text = shown(code);
        return text.substr(0, text.find('\n'));
    };
    CHECK(first("local x = {a={}} return x.a.b:c()") ==
          "chunk:1: attempt to index field 'x.a.b' (a nil value)");
    CHECK(first("local x = {} x.run()") == "chunk:1: attempt to call field 'x.run' (a nil value)");
    CHECK(first("local x = {} x:run()") == "chunk:1: attempt to call method 'x:run' (a nil value)");
    CHECK(first("local x = {n={}} return x.n.a + 1") ==
          "chunk:1: attempt to perform arithmetic on field 'x.n.a' (a nil value)");
    CHECK(first("local x = {} return 'a' .. x.name") ==
          "chunk:1: attempt to concatenate field 'x.name' (a nil value)");
    CHECK(first("local x = {} return #x.list") ==
          "chunk:1: attempt to get length of field 'x.list' (a nil value)");
    CHECK(first("local x = {} return 1 < x.n") ==
          "chunk:1: attempt to compare number with nil ('x.n' is nil)");
    CHECK(first("local t = {} return t[3].y") == "chunk:1: attempt to index 't[3]' (a nil value)");
    CHECK(first("local function f() end return f(2).y") ==
          "chunk:1: attempt to index 'f(2)' (a nil value)");
    CHECK(first("local up = {} return (function() return up.a.b end)()") ==
          "chunk:1: attempt to index field 'up.a' (a nil value)");
    // Two expressions of that name: the one that is nil.
    CHECK(first("local a, b = {k={1}}, {} return a.k[1], b.k[1]") ==
          "chunk:1: attempt to index field 'b.k' (a nil value)");
}

TEST_CASE("near names: globals, fields, members of modules; ':' and '.'") {
    Shown shown;
    auto has = [](const std::string& text, const std::string& part) {
        INFO(text);
        CHECK(text.find(part) != std::string::npos);
    };
    has(shown("prnt('x')"), "did you mean 'print'?");
    has(shown("local counter = 1 return countre + 1"), "did you mean 'counter'?");
    has(shown("xyzzy_plugh()"), "no variable is called 'xyzzy_plugh'");
    has(shown("string.fromat('x')"), "did you mean 'string.format'?");
    has(shown("local cfg = {learning_rate=1} return cfg.learing_rate + 1"),
        "did you mean 'cfg.learning_rate'?");
    has(shown("local s = 'text' local u = s.upper()"), "call methods with ':', as in s:upper(…)");
    has(shown("local a = {n=1} function a:add(k) self.n = self.n + k end a.add(2)"),
        "call methods with ':', as in a:add(…)");
    has(shown("local x = math:floor(3.5)"), "as in math.floor(…)");
    // An error of another kind inside a method that was given its object says nothing of it.
    std::string text = shown("local a = {} function a:run() error'x' end a.run(a)");
    CHECK(text.find("call methods") == std::string::npos);
}

TEST_CASE("hints for what other languages write") {
    CHECK(hint_of_syntax("a != b", 2) == "'~=' is not equal");
    CHECK(hint_of_syntax("a && b", 2) == "'and' joins conditions");
    CHECK(hint_of_syntax("x += 1", 3) == "write x = x + …: Lua has no '+='");
    CHECK(hint_of_syntax("if x = 1 then", 5) == "'==' compares, '=' assigns");
    CHECK(hint_of_syntax("x = )", 4).empty());
    CHECK(hint_of_syntax("", 9).empty());
}

TEST_CASE("source lines are cut around the carets") {
    std::string text = std::string(60, 'a') + ".bad.end" + std::string(60, 'z');
    for (int width : {20, 40, 80, 200}) {
        std::string shown = source_line(12, text, 61, 64, width, false);
        INFO(shown);
        std::size_t second = shown.find('\n') + 1;
        std::string carets = shown.substr(second);
        std::size_t at = carets.find("^^^");
        REQUIRE(at != std::string::npos);
        // The ellipsis is one column of three bytes.
        std::size_t cut = shown.find("…") < shown.find("bad") ? 2 : 0;
        CHECK(shown.substr(at + cut, 3) == "bad");
        CHECK(static_cast<int>(second) - 1 - 4 <= width);
    }
    CHECK(source_line(1, "\tx.y", 1, 2, 80, false) == "  1 |     x.y\n    |     ^\n");
    CHECK(source_line(1, "x", 0, 0, 80, false) == "  1 | x\n");
}

TEST_CASE("frames of an error: C and Lua, each with its line; none of the shell's") {
    Shown shown;
    CHECK(shown("local function inner(t)\n  return t.a.b\nend\n"
                "local function outer(list)\n  table.sort(list, function(x, y) inner(x) end)\nend\n"
                "outer({{}, {}})") ==
          "chunk:2: attempt to index field 't.a' (a nil value)\n"
          "  2 |   return t.a.b\n"
          "    |          ^^^\n"
          "traceback:\n"
          "    chunk:2: in function 'inner'\n"
          "    chunk:5: in function <chunk:5>\n"
          "      5 |   table.sort(list, function(x, y) inner(x) end)\n"
          "        |                                   ^^^^^\n"
          "    in table.sort\n"
          "    chunk:5: in function 'outer'\n"
          "      5 |   table.sort(list, function(x, y) inner(x) end)\n"
          "        |   ^^^^^^^^^^\n"
          "    chunk:7: in main chunk\n"
          "      7 | outer({{}, {}})\n"
          "        | ^^^^^\n");
    std::string deep = shown("local function f() return 1 + f() end f()");
    CHECK(deep.find("stack overflow") != std::string::npos);
    CHECK(deep.find("… ") != std::string::npos);
    CHECK(deep.size() < 8000);
    CHECK(shown("error({code=1})") ==
          "{code = 1}\ntraceback:\n    chunk:1: in main chunk\n"
          "      1 | error({code=1})\n        | ^^^^^\n");
}

TEST_CASE("errors at the prompt, cell by cell", "[pty]") {
    for (std::size_t columns : {20u, 80u, 200u}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        shell.line("x = {}");
        shell.send("x.foo.bar\r");
        bool shown = shell.wait_text("^^^^^", 10);
        INFO(shell.screen.visible());
        REQUIRE(shown);
        REQUIRE(shell.wait_prompt());
        std::size_t row = 0;
        while (shell.screen.row(row) != "  1 | x.foo.bar") REQUIRE(++row < 24);
        CHECK(shell.screen.row(row + 1) == "    | ^^^^^");
        CHECK(shell.screen.style(row + 1, 6).find("31") != std::string::npos);
        CHECK(shell.screen.visible().find("'x.foo'") != std::string::npos);
    }
}

TEST_CASE("an error through three frames and a C function names its entries", "[pty]") {
    Pty shell;
    shell.line("function inner(t) return t.a.b end");
    shell.line("function outer(l) table.sort(l, function(x) _G.r = inner(x) end) end");
    CHECK(shell.ask("outer{{}, {}}") ==
          "(1):1: attempt to index field 't.a' (a nil value)\n"
          "  1 | function inner(t) return t.a.b end\n"
          "    |                          ^^^\n"
          "traceback:\n"
          "    (1):1: in function 'inner'\n"
          "    (2):1: in function <(2):1>\n"
          "      1 | function outer(l) table.sort(l, function(x) _G.r = inner(x) end) end\n"
          "        |                                                    ^^^^^\n"
          "    in table.sort\n"
          "    (2):1: in function 'outer'\n"
          "      1 | function outer(l) table.sort(l, function(x) _G.r = inner(x) end) end\n"
          "        |                   ^^^^^^^^^^\n"
          "    (3):1: in entry (3)\n"
          "      1 | outer{{}, {}}\n"
          "        | ^^^^^");
    CHECK(shell.ask("_err") == "(1):1: attempt to index field 't.a' (a nil value)");
}

TEST_CASE("an error of the engine's names its function and the frames below it", "[pty]") {
    Pty shell;
    if (shell.ask("datasets and datasets.new and 1") != "1")
        return moonlet::test::skip("no stdlib in this build");
    shell.line("ds = datasets.new{{n=1}, {n=2}}");
    if (shell.ask("#ds") != "2") return moonlet::test::skip("no base module in this build");
    shell.line("function bad(r) return r.m.n end");
    std::string text = shell.ask("ds:map(function(r) local x = bad(r) return x end)[1]");
    INFO(text);
    CHECK(text.find("'r.m'") != std::string::npos);
    CHECK(text.find("function bad(r) return r.m.n end") != std::string::npos);
    CHECK(text.find("in Dataset:map (C++)") != std::string::npos);
    CHECK(text.find("in entry (") != std::string::npos);
    text = shell.ask("datasets.load('nothing-here.jsonl')");
    INFO(text);
    CHECK(text.find("in datasets.load (C++)") != std::string::npos);
    CHECK(text.find("init.lua") == std::string::npos);
    CHECK(shell.ask("ds.map(print)").find("':'") != std::string::npos);
}

TEST_CASE(":debug opens the failing frame's locals", "[pty]") {
    Pty shell;
    CHECK(shell.ask(":debug") == "no error to look into yet");
    shell.line("function inner(t, n) local text = 'abc' .. n return t.a.b end");
    shell.line("function outer() local list = {1, 2} return (inner({}, #list)) end");
    shell.line("outer()");
    shell.send(":debug\r");
    REQUIRE(shell.wait_text("debug 1>"));
    std::string screen = shell.screen.visible();
    INFO(screen);
    CHECK(screen.find("> 1  (1):1: in function 'inner'") != std::string::npos);
    CHECK(screen.find("  2  (2):1: in function 'outer'") != std::string::npos);
    CHECK(screen.find("\n  t = {}\n  n = 2\n  text = \"abc2\"\n") != std::string::npos);
    shell.send("text:upper(), n + 1\r");
    CHECK(shell.wait_text("\nABC2    3\n"));
    shell.send(":debug 2\r");
    REQUIRE(shell.wait_text("debug 2>"));
    CHECK(shell.wait_text("\n  list = {1, 2}\n"));
    shell.send("#list, nosuch.x\r");
    CHECK(shell.wait_text("index global 'nosuch'"));
    shell.send("seen = list\r");  // a global stays
    shell.line(":debug off");
    CHECK(shell.ask("text, seen[2]") == "nil     2");
    CHECK(shell.ask(":debug 9").find("there are 1 to 3") != std::string::npos);
}

TEST_CASE("an entry of one line fails on line 1", "[pty]") {
    Pty shell;
    for (const char* entry : {"nosuch.field", "x = nosuch.field", "print(nosuch.field)",
                              "local y = 1; nosuch.field.deeper = y"}) {
        CAPTURE(entry);
        std::string answer = shell.ask(entry);
        CHECK(answer.find("):1: attempt to index global 'nosuch'") != std::string::npos);
        CHECK(answer.find("  1 | " + std::string(entry)) != std::string::npos);
    }
}

TEST_CASE("a failing frame's objects are kept weakly") {
    Shown shown;
    shown(
        "local big = newproxy(true) local small = {1, {2}}\n"
        "freed = 0 getmetatable(big).__gc = function() freed = freed + 1 end\n"
        "local with = {big} error'x'");
    REQUIRE(kept_frames(shown.L).size() == 1);
    std::string before = frame_values(shown.L, 1, 80);
    INFO(before);
    CHECK(before.find("  big = userdata: 0x") != std::string::npos);
    CHECK(before.find("  small = {1, {2}}\n") != std::string::npos);
    lua_gc(shown.L, LUA_GCCOLLECT, 0);
    lua_gc(shown.L, LUA_GCCOLLECT, 0);
    lua_getglobal(shown.L, "freed");
    CHECK(lua_tointeger(shown.L, -1) == 1);
    std::string after = frame_values(shown.L, 1, 80);
    CHECK(after.find("(no longer in memory)") != std::string::npos);
    CHECK(after.find("  small = {1, {2}}\n") != std::string::npos);
}
