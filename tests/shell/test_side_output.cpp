// SPDX-License-Identifier: Apache-2.0
// What others write while an entry is typed stands above it: threads of native code, children in
// the background. The draft is never touched, and nothing of theirs is lost.
#include <catch2/catch.hpp>

#include <fstream>

#include <sys/wait.h>

#include "pty.h"

using namespace moonlet::test;

namespace {

// A thread of the C library that writes `text` with puts() or perror() every 100 ms.
std::string ticking(const std::string& function, const std::string& text) {
    return "ffi = require'ffi' "
           "ffi.cdef[[typedef struct { void *value; int signo, notify; void *f, *attributes; "
           "long rest[4]; } event_t; "
           "int timer_create(int, event_t *, void **); int timer_settime(void *, int, long *, "
           "void *); int puts(const char *); void perror(const char *);]] "
           "text = '" +
           text +
           "' e = ffi.new'event_t' e.value = ffi.cast('void *', text) e.notify = 2 "
           "e.f = ffi.cast('void *', ffi.C." +
           function +
           ") id = ffi.new'void *[1]' "
           "ffi.C.timer_create(1, e, id) "
           "function every(ns) ffi.C.timer_settime(id[0], 0, ffi.new('long[4]', {0, ns, 0, ns}), "
           "nil) end every(1e8)";
}

int count(const std::string& text, const std::string& part) {
    int n = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
        ++n;
    return n;
}

// Each row above the draft is one whole tick.
void check_ticks(Pty& shell, const std::string& tick, const std::string& draft) {
    std::size_t row = shell.screen.cursor_row();
    CHECK(shell.screen.row(row) == draft);
    int ticks = 0;
    for (std::size_t r = row; r-- > 0 && shell.screen.row(r) == tick;) ++ticks;
    CHECK(ticks >= 3);
    CHECK(shell.screen.unknown().empty());
}

}  // namespace

TEST_CASE("a thread that prints every 100 ms leaves the draft alone", "[pty]") {
    for (std::size_t columns : {20, 80, 200}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        INFO(columns);
        shell.send(ticking("puts", "tick") + "\r");
        REQUIRE(shell.wait_text("tick"));
        const std::string draft = "hello";
        for (char c : draft) {
            int before = count(shell.screen.all(), "tick\n");
            shell.send(std::string(1, c));
            REQUIRE(shell.wait([&] { return count(shell.screen.all(), "tick\n") > before; }));
        }
        check_ticks(shell, "tick", "> hello");
        CHECK(shell.screen.cursor_column() == 7);
        shell.send(
            "\x01\x0b"
            "every(0)\r");
        shell.settle(300);
        CHECK(shell.ask("20+22") == "42");
    }
}

TEST_CASE("what C writes to stderr stands above a draft of several lines", "[pty]") {
    Pty shell;
    shell.line(ticking("perror", "warning"));
    shell.send("for i = 1, 3 do\rprint('달') -- " + std::string(70, 'x'));
    // The draft comes late on a busy machine.
    auto there = [&] {
        std::size_t row = shell.screen.cursor_row();
        return row >= 4 && shell.screen.row(row - 1).find(".. print(") == 0 &&
               count(shell.screen.all(), "\nwarning: ") >= 5;
    };
    REQUIRE(shell.wait(there));
    std::size_t row = shell.screen.cursor_row();
    CHECK(shell.screen.row(row - 2) == "> for i = 1, 3 do");
    CHECK(shell.screen.row(row - 1).find(".. print('달') -- xxx") == 0);
    CHECK(shell.screen.row(row).find_first_not_of('x') == std::string::npos);
    CHECK(shell.screen.row(row - 3).find("warning: ") == 0);
}

TEST_CASE("a child in the background prints above the draft", "[pty]") {
    Pty shell;
    shell.line("os.execute('(for i in 1 2 3 4 5 6; do echo line $i; sleep 0.1; done) &');");
    shell.send("hello");
    REQUIRE(shell.wait_text("line 6"));
    shell.settle();
    std::size_t row = shell.screen.cursor_row();
    CHECK(shell.screen.row(row) == "> hello");
    for (std::size_t i = 1; i <= 6; ++i)
        CHECK(shell.screen.row(row - 7 + i) == "line " + std::to_string(i));
}

TEST_CASE("an unfinished line of others gets a line of its own", "[pty]") {
    Pty shell;
    shell.line("os.execute('(printf one; sleep 0.3; printf \" t\"\"wo\") &');");
    shell.send("draft");
    REQUIRE(shell.wait_text("two"));
    shell.settle();
    CHECK(shell.screen.row(shell.screen.cursor_row()) == "> draft");
    CHECK(shell.screen.visible().find("\none") != std::string::npos);
}

TEST_CASE("a child in front has the terminal, and what a crash says is seen", "[pty]") {
    Pty shell;
    CHECK(shell.ask("os.execute('test -t 1 && test -t 2 && echo terminal');") == "terminal");
    // abort() out of a thread, while the prompt waits: its last words come first.
    shell.send(ticking("puts", "last words") + "\r");
    REQUIRE(shell.wait_text("last words"));
    shell.signal(SIGABRT);
    int status = shell.wait_exit();
    REQUIRE(status != -1);
    CHECK(WIFSIGNALED(status));
}
