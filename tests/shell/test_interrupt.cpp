// SPDX-License-Identifier: Apache-2.0
// Ctrl-C always brings the prompt back, and never ends the shell: out of compiled loops, pcall and
// xpcall loops, coroutines, callbacks of C functions, and children.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pty.h"

using namespace moonlet::test;

namespace {

// Starts the code, presses Ctrl-C once, and expects the prompt and an intact state.
void stops(Pty& shell, const std::string& code) {
    INFO(code);
    shell.send("\x0c");  // an empty screen
    shell.wait([&] { return shell.screen.visible() == ">"; });
    shell.start(code);
    REQUIRE(shell.alive());
    REQUIRE_FALSE(shell.wait_prompt(0));
    shell.send("\x03");
    bool back = shell.wait_prompt();
    INFO(shell.screen.visible());
    REQUIRE(back);
    CHECK(shell.screen.visible().find("interrupted") != std::string::npos);
    CHECK(shell.ask("20+22") == "42");
}

}  // namespace

TEST_CASE("one Ctrl-C ends what runs", "[pty]") {
    Pty shell;
    SECTION("compiled loop") { stops(shell, "while true do end"); }
    SECTION("arithmetic") { stops(shell, "local s=0 for i=1,1e14 do s=s+i end"); }
    SECTION("pcall loop") {
        stops(shell, "while true do pcall(function() while true do end end) end");
    }
    SECTION("pcall of pcall") {
        stops(shell, "local f f=function() pcall(f) while true do pcall(f) end end f()");
    }
    SECTION("pcall of error loop") { stops(shell, "while true do pcall(error, 'x') end"); }
    SECTION("coroutines") {
        stops(shell,
              "while true do local c = coroutine.create(function() while true do "
              "coroutine.yield() end end) for i=1,10 do coroutine.resume(c) end end");
    }
    SECTION("a coroutine that does not yield") {
        stops(shell,
              "while true do coroutine.resume(coroutine.create(function() while true do end end)) "
              "end");
    }
    SECTION("coroutine.wrap in pcall") {
        stops(shell, "while true do pcall(coroutine.wrap(function() while true do end end)) end");
    }
    SECTION("xpcall whose handler loops") {
        stops(
            shell,
            "while true do xpcall(function() error'x' end, function() while true do end end) end");
    }
    SECTION("metamethods") {
        stops(shell,
              "local t = setmetatable({}, {__index=function() while true do end end}) "
              "while true do pcall(function() return t.x end) end");
    }
    SECTION("gsub callback") {
        stops(shell,
              "while true do pcall(string.gsub, ('x'):rep(1e5), '.', function() for i=1,1e5 do end "
              "return 'y' end) end");
    }
    SECTION("sort comparator") {
        stops(shell,
              "local t = {} for i=1,1e5 do t[i]=i end while true do table.sort(t, function(a,b) "
              "for i=1,1000 do end return a>b end) end");
    }
    SECTION("a loop that traces over and over") {
        stops(
            shell,
            "local i=0 while true do i=i+1 local f=loadstring('local n=0 for i=1,100 do n=n+i end "
            "return n') f() end");
    }
    SECTION("a child, in a loop") { stops(shell, "while true do os.execute('sleep 9') end"); }
    SECTION("reading a pipe") { stops(shell, "while true do io.popen('sleep 9'):read('*a') end"); }
    SECTION("a pattern that backtracks") {
        stops(shell, "(('a'):rep(40)):find(('a*'):rep(40) .. 'b')");
    }
    SECTION("a pattern that backtracks, in a pcall loop") {
        stops(shell, "while true do pcall(string.match, ('a'):rep(3e5), '.-.-b') end");
    }
    SECTION("gsub and gmatch whose pattern backtracks") {
        stops(shell, "(('a'):rep(40)):gsub('(' .. ('a?'):rep(40) .. ')b', '')");
        stops(shell, "for w in (('a'):rep(40)):gmatch(('a-'):rep(30) .. 'b') do end");
    }
    SECTION("string.rep over and over") {
        stops(shell, "while true do pcall(string.rep, 'x', 1e8) end");
    }
    SECTION("nested coroutines") {
        stops(shell,
              "local function f(n) if n == 0 then while true do end end "
              "return coroutine.wrap(f)(n - 1) end while true do pcall(f, 20) end");
    }
    SECTION("sleep of the C library") {
        stops(shell,
              "ffi = require'ffi' ffi.cdef'unsigned sleep(unsigned);' while true do "
              "ffi.C.sleep(9) end");
    }
}

TEST_CASE("Ctrl-C while reading from the terminal", "[pty]") {
    Pty shell;
    shell.start("x = io.read()");
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("1+1") == "2");
}

TEST_CASE("a child that Ctrl-C ends leaves the shell alone", "[pty]") {
    Pty shell;
    shell.start("os.execute('sleep 9')");
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.alive());
    CHECK(shell.ask("1+1") == "2");
}

TEST_CASE("an interrupt leaves locals and results as they were", "[pty]") {
    Pty shell;
    shell.line("local n = 0");
    shell.line("n + 5");
    shell.start("while true do n = n + 1 end");
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("n > 1000, _") == "true    5");
    CHECK(shell.ask("_err:match'interrupted'") == "interrupted");
}

TEST_CASE("a user's own debug hook survives an interrupt", "[pty]") {
    Pty shell;
    shell.line("count = 0 debug.sethook(function() count = count + 1 end, '', 1000)");
    shell.start("while true do end");
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    shell.line("local before = count for i=1,1e6 do local x = i * 2 end grew = count > before");
    CHECK(shell.ask("debug.gethook() ~= nil") == "true");
}

TEST_CASE("many Ctrl-C never end the shell", "[pty]") {
    Pty shell;
    for (int i = 0; i < 12; ++i) shell.send("\x03");
    shell.settle(100);
    REQUIRE(shell.alive());
    shell.start("while true do pcall(function() while true do end end) end");
    for (int i = 0; i < 12; ++i) {
        shell.send("\x03");
        shell.settle(5);
    }
    REQUIRE(shell.wait_prompt());
    shell.send("40+2\r");  // behind what the prompt says to the presses that came too late
    REQUIRE(shell.wait_text("\n42\n>"));
    for (int i = 0; i < 5; ++i) shell.signal(SIGINT);
    shell.settle(100);
    CHECK(shell.alive());
    shell.send("50+5\r");
    CHECK(shell.wait_text("\n55\n>"));
}

TEST_CASE("Ctrl-C typed ahead of the run still counts", "[pty]") {
    Pty shell;
    shell.send("while true do end\r\x03");
    REQUIRE(shell.wait_text("interrupted"));
    REQUIRE(shell.wait_prompt());
}

TEST_CASE("a script ends with 130", "[pty]") {
    PtyOptions options;
    options.arguments = {"-e",
                         "print'runs' while true do pcall(function() while true do end end) end"};
    options.wait_for_prompt = false;
    Pty shell(options);
    REQUIRE(shell.wait_text("runs"));
    shell.settle(100);
    shell.send("\x03");
    int status = shell.wait_exit();
    REQUIRE(status != -1);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 130);
}

TEST_CASE("Ctrl-C on a scripted model keeps what there is", "[pty]") {
    Pty shell;
    shell.start("g = models.scripted{('word '):rep(2000), delay = 0.2}:generate('x')");
    // It streams to the terminal, slower than start() waits for silence: Ctrl-C comes when
    // something was written.
    auto written = [&] { return shell.screen.visible().find("word word") != std::string::npos; };
    REQUIRE(shell.wait(written));
    INFO(shell.screen.visible());
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.screen.visible().find("interrupted") != std::string::npos);
    CHECK(shell.ask("g.finish_reason") == "interrupt");
    CHECK(shell.ask("#g.text > 0 and #g.text < 10000 and g.interrupted") == "true");
    CHECK(shell.ask("('word '):rep(2000):sub(1, #g.text) == g.text") == "true");
}
