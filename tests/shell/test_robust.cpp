// SPDX-License-Identifier: Apache-2.0
// What goes wrong around the prompt: a terminal that dies, a history that cannot be read or
// written, no TERM, one column, a line of megabytes, an editor of the user's own. Nothing is lost.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "pty.h"

using namespace moonlet::test;

namespace {

std::string history_of(const std::string& home) { return home + "/.local/state/moonlet/history"; }

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string new_home() {
    Pty shell;
    return shell.home();
}

// A shell whose history file is made by `make` works, and keeps its own entries for Up.
void works_with(const std::string& home) {
    PtyOptions options;
    options.home = home;
    Pty shell(options);
    CHECK(shell.ask("1+1") == "2");
    shell.send("\x1b[A");
    CHECK(shell.wait([&] { return shell.screen.row(shell.screen.cursor_row()) == "> 1+1"; }));
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    shell.send("\x04");
    CHECK(WEXITSTATUS(shell.wait_exit()) == 0);
}

void script(const std::string& path, const std::string& text) {
    std::ofstream(path) << "#!/bin/sh\n" << text;
    chmod(path.c_str(), 0755);
}

}  // namespace

TEST_CASE("a terminal that dies ends the shell, and the draft is in the history", "[pty]") {
    std::string home;
    {
        Pty shell;
        home = shell.home();
        shell.line("before = 1");
        shell.send("draft = 'not lost'");
        REQUIRE(shell.wait_text("not lost"));
        shell.hang_up();
        CHECK(shell.wait_exit() != -1);
    }
    CHECK(contents(history_of(home)).find("draft = 'not lost'") != std::string::npos);
    {
        PtyOptions options;
        options.home = home;
        Pty shell(options);
        shell.send("again = 'saved'");
        REQUIRE(shell.wait_text("saved"));
        shell.signal(SIGTERM);
        int status = shell.wait_exit();
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == SIGTERM);
        CHECK_FALSE(shell.screen.bracketed_paste());
    }
    CHECK(contents(history_of(home)).find("again = 'saved'") != std::string::npos);
}

TEST_CASE("a terminal that dies while something runs ends it", "[pty]") {
    Pty shell;
    shell.start("while true do end");
    shell.hang_up();
    CHECK(shell.wait_exit() != -1);
}

TEST_CASE("a history that cannot be read or written costs nothing else", "[pty]") {
    std::string garbage("\x00\xff\x01\n= \tx\n> \t1\t2\n\n\t\t\t\n\x00", 22);
    for (int i = 0; i < 1000; ++i) garbage += static_cast<char>(i * 7);
    for (int kind = 0; kind < 4; ++kind) {
        std::string home = new_home(), path = history_of(home);
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::filesystem::remove_all(path);
        if (kind == 0) std::filesystem::create_directories(path);
        if (kind == 1) std::ofstream(path, std::ios::binary) << garbage;
        if (kind == 2)
            std::ofstream(path, std::ios::binary) << "# moonlet history 2\n> \t12\ts.1\t1\t/\tx = ";
        if (kind == 3) std::filesystem::create_symlink("/dev/full", path);
        CAPTURE(kind);
        works_with(home);
    }
}

TEST_CASE("a file that may not grow does not end the shell", "[pty]") {
    PtyOptions options;
    options.program = "/bin/sh";
    options.arguments = {"-c", "ulimit -f 0; exec " + shell_binary()};
    Pty shell(options);
    CHECK(shell.ask("1+1") == "2");
    CHECK(shell.ask("io.open(os.tmpname(), 'w'):write(('x'):rep(1e6)) and 1") != "");
    shell.send("\x1b[A\x1b[A");
    CHECK(shell.wait([&] { return shell.screen.row(shell.screen.cursor_row()) == "> 1+1"; }));
}

TEST_CASE("without TERM, or with one nobody knows", "[pty]") {
    for (const char* term : {"TERM=", "TERM=nobody-knows-it"}) {
        PtyOptions options;
        options.environment = {term};
        Pty shell(options);
        shell.send("6*7\r");
        CHECK(shell.wait_text("\n42"));
    }
}

TEST_CASE("20 columns, and one", "[pty]") {
    PtyOptions options;
    options.columns = 20;
    Pty narrow(options);
    narrow.send("answer = '한글한글한글한글' .. 12345");
    REQUIRE(narrow.wait_text("12345"));
    CHECK(narrow.screen.row(narrow.screen.cursor_row() - 1) == "> answer = '한글한글");
    CHECK(narrow.screen.row(narrow.screen.cursor_row()) == "한글한글' .. 12345");
    options.columns = 1;
    options.wait_for_prompt = false;
    Pty one(options);
    one.send("x = 12\rx * 12345\r");
    CHECK(one.wait_text("1\n4\n8\n1\n4\n0"));
    // A Ctrl-D that comes before the keys are raw again is the line discipline's.
    CHECK(one.wait([&] { return one.screen.bracketed_paste(); }));
    one.send("\x04");
    CHECK(WEXITSTATUS(one.wait_exit()) == 0);
}

TEST_CASE("a line of ten megabytes, pasted and through a pipe", "[pty]") {
    std::string text = "x = '" + std::string(10'000'000, 'a') + "' print(#x)";
    CHECK(run_shell({"-i"}, text + "\n").out.find("10000000") != std::string::npos);
    Pty shell;
    shell.send("\x1b[200~" + text + "\x1b[201~");
    REQUIRE(shell.wait_text("print(#x)"));
    shell.send(" print 'end'\r");
    CHECK(shell.wait_text("\n10000000\nend"));
}

TEST_CASE("an entry in $EDITOR runs changed: edit(n), :edit; a draft with Ctrl-X Ctrl-E", "[pty]") {
    std::string home = new_home(), editor = home + "/my editor";
    script(editor, "sed 's/one/two/' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n");
    PtyOptions options;
    options.home = home;
    options.environment = {"EDITOR='" + editor + "'"};
    Pty shell(options);
    shell.line("x = 'one'");
    shell.line("y = 2");
    CHECK(shell.ask("x") == "one");
    shell.line("edit(1)");
    CHECK(shell.ask("x") == "two");
    shell.line(":edit 2");
    CHECK(shell.screen.visible().find("> y = 2\n>") != std::string::npos);
    CHECK(shell.ask(":edit 99").find("there is no entry 99") == 0);
    shell.send("'one draft'\x18\x05");
    CHECK(shell.wait_text("> 'two draft'"));
    shell.send("\r");
    CHECK(shell.wait_text("\ntwo draft\n"));
    options.environment = {"EDITOR=/no/such/editor"};
    Pty without(options);
    without.line("z = 1");
    CHECK(without.ask(":edit").find("was not found") != std::string::npos);
}

TEST_CASE("Ctrl-Z stops the shell, fg brings it back with its draft", "[pty]") {
    PtyOptions options;
    options.program = "/bin/bash";
    options.arguments = {"--norc", "--noprofile", "--noediting", "-i"};
    options.environment = {"PS1=bash> "};
    options.wait_for_prompt = false;
    Pty shell(options);
    auto at_bash = [&] { return shell.screen.row(shell.screen.cursor_row()) == "bash>"; };
    REQUIRE(shell.wait(at_bash));
    shell.send(shell_binary() + "\r");
    REQUIRE(shell.wait_prompt());
    shell.send("draft = 1");
    REQUIRE(shell.wait_text("> draft = 1"));
    shell.send("\x1a");
    REQUIRE(shell.wait_text("Stopped"));
    REQUIRE(shell.wait(at_bash));
    CHECK_FALSE(shell.screen.bracketed_paste());
    shell.send("stty -a | grep -c ' icanon'\r");
    CHECK(shell.wait_text("\n1\n"));
    shell.send("fg\r");
    REQUIRE(
        shell.wait([&] { return shell.screen.row(shell.screen.cursor_row()) == "> draft = 1"; }));
    shell.send("23\r");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("draft") == "123");
}

TEST_CASE("resizing leaves no ghosts, on terminals that rewrap and those that cut", "[pty]") {
    for (bool rewrap : {false, true}) {
        PtyOptions options;
        options.columns = 80;
        if (rewrap) options.environment = {"VTE_VERSION=7000"};
        Pty shell(options);
        shell.send("\x1b[200~for i = 1, 3 do\n  print('" + std::string(60, 'w') +
                   "', '한글')\nend\x1b[201~");
        REQUIRE(shell.wait_text(".. end"));
        for (std::size_t columns : {40u, 120u, 20u, 80u}) {
            shell.resize(columns, 24, rewrap);
            REQUIRE(shell.wait([&] { return shell.screen.cursor_column() == 6; }));
            shell.settle(150);
            std::string shown = shell.screen.visible();
            CAPTURE(rewrap, columns, shown);
            auto count = [&](const std::string& what) {
                std::size_t n = 0;
                for (std::size_t at = shown.find(what); at != std::string::npos; ++n) {
                    at = shown.find(what, at + 1);
                }
                return n;
            };
            CHECK(count("> for i = 1, 3 do") == 1);
            CHECK(count(".. end") == 1);
            CHECK(count("..   print('") == 1);
        }
        CHECK(shell.screen.unknown().empty());
    }
}

TEST_CASE("os.exit in an entry leaves the terminal as it was", "[pty]") {
    Pty shell;
    CHECK(shell.screen.bracketed_paste());
    shell.send("os.exit(4)\r");
    CHECK(WEXITSTATUS(shell.wait_exit()) == 4);
    CHECK_FALSE(shell.screen.bracketed_paste());
}
