// SPDX-License-Identifier: Apache-2.0
// The prompt as a person meets it, through a pseudo-terminal.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "pty.h"

using namespace moonlet::test;

TEST_CASE("values are printed, statements and silenced entries are not", "[pty]") {
    Pty shell;
    CHECK(shell.screen.visible().rfind("moonlet 0.", 0) == 0);
    CHECK(shell.ask("1+1") == "2");
    CHECK(shell.ask("=1+1") == "2");
    CHECK(shell.ask("1+1;") == "");
    CHECK(shell.ask("nil") == "nil");
    CHECK(shell.ask("1,nil,3") == "1       nil     3");
    CHECK(shell.ask("x = 5") == "");
    CHECK(shell.ask("x") == "5");
    CHECK(shell.ask("print('a', 1)") == "a       1");
    CHECK(shell.ask("'raw \"text\"', {'quoted'}") == "raw \"text\"      {\"quoted\"}");
    CHECK(shell.ask("{1, {a=2}}") == "{1, {a = 2}}");
    CHECK(shell.ask("(function() return nil, 'why' end)()") == "nil     why");
}

TEST_CASE("a print of the user's own prints the values", "[pty]") {
    Pty shell;
    shell.line("local old = print");
    shell.line("function print(...) old('mine', ...) end");
    CHECK(shell.ask("1, nil") == "mine    1       nil");
}

TEST_CASE("locals and results over several entries", "[pty]") {
    Pty shell;
    shell.line("local a = 3");
    CHECK(shell.ask("a") == "3");
    shell.line("local function f() return a end");
    CHECK(shell.ask("f()") == "3");
    shell.line("local a = 4");
    CHECK(shell.ask("f(), a") == "3       4");
    CHECK(shell.ask("_, _2") == "3       3");
    CHECK(shell.ask("error'x'") == "(8):1: x\n  1 | error'x'\n    | ^^^^^");
    CHECK(shell.ask("_, _err") == "3       (8):1: x");
}

TEST_CASE("errors: caret, source, frames of several entries, no wrapper", "[pty]") {
    Pty shell;
    CHECK(shell.ask("x = )") == "(1):1: unexpected symbol near ')'\n  1 | x = )\n    |     ^");
    shell.line("function inner(t) return t.a.b end");
    shell.line("function outer() local r = inner({}) return r end");
    std::string text = shell.ask("outer()");
    INFO(text);
    CHECK(text.rfind("(2):1: attempt to index field 't.a' (a nil value)\n"
                     "  1 | function inner(t) return t.a.b end\n"
                     "    |                          ^^^\n"
                     "traceback:",
                     0) == 0);
    CHECK(text.find("(2):1: in function 'inner'") != std::string::npos);
    CHECK(text.find("(3):1: in function 'outer'") != std::string::npos);
    CHECK(text.find("(4):1: in entry (4)") != std::string::npos);
    CHECK(text.find("[C]") == std::string::npos);
    text = shell.ask("error({code=1})");
    CHECK(text.rfind("{code = 1}", 0) == 0);
    CHECK(shell.ask("setmetatable({}, {__tostring=error})").find("__tostring failed") !=
          std::string::npos);
}

TEST_CASE("an entry of several lines: prompt, indentation, one step back", "[pty]") {
    Pty shell;
    shell.send("for i=1,3 do\r");
    CHECK(shell.wait([&] { return shell.screen.cursor_column() == 5; }));
    shell.send("print(i)");
    shell.settle();
    shell.send("\r");
    shell.settle();
    for (const char* letter : {"e", "n", "d"}) {
        shell.send(letter);
        shell.settle(20);
    }
    CHECK(shell.screen.row(shell.screen.cursor_row()) == ".. end");
    shell.send("\r");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.screen.visible().find("\n1\n2\n3\n>") != std::string::npos);
    shell.send("\x1b[A");
    CHECK(shell.wait([&] { return shell.screen.row(shell.screen.cursor_row()) == ".. end"; }));
    shell.send(
        "\x15"
        "end print'again'\r");
    CHECK(shell.wait_text("\nagain"));
}

TEST_CASE("a blank line does not end an unfinished entry", "[pty]") {
    Pty shell;
    shell.line("x = [[a\r\rb]]");
    CHECK(shell.ask("#x") == "4");
}

TEST_CASE("history is kept from one shell to the next", "[pty]") {
    std::string home;
    {
        Pty shell;
        home = shell.home();
        shell.line("kept = 'one'");
        shell.line(" hidden = 1");
        shell.line("\x1b[200~do\r  kept = 2\rend\x1b[201~");
        shell.send("\x04");
        CHECK(WEXITSTATUS(shell.wait_exit()) == 0);
    }
    CHECK(std::filesystem::exists(home + "/.local/state/moonlet/history"));
    PtyOptions options;
    options.home = home;
    Pty shell(options);
    shell.send("\x1b[A");
    CHECK(shell.wait([&] { return shell.screen.row(shell.screen.cursor_row()) == ".. end"; }));
    shell.send("\x1b[A");
    CHECK(shell.wait(
        [&] { return shell.screen.row(shell.screen.cursor_row()) == "> kept = 'one'"; }));
    shell.send("\x03");
    shell.wait_prompt();
    shell.send(
        "\x12"
        "kept = 2");
    shell.settle();
    CHECK(shell.screen.row(shell.screen.cursor_row() - 1).rfind("search `kept = 2`: do", 0) == 0);
    shell.send("\x1b");
    CHECK(shell.wait_prompt());
}

TEST_CASE("Tab completes, lists, and stays below the line", "[pty]") {
    Pty shell;
    shell.send("stri\t");
    CHECK(shell.wait_text("> string"));
    shell.send(".f\t");
    REQUIRE(shell.wait_text("find    format"));
    CHECK(shell.screen.row(shell.screen.cursor_row()) == "> string.f");
    shell.send("o\t");
    CHECK(shell.wait_text("> string.format"));
    CHECK(shell.screen.visible().find("find    format") == std::string::npos);
    shell.send("\x03");
    shell.wait_prompt();
    shell.line("cfg = {['learning rate'] = 3}");
    shell.send("cfg[\"lea\t");
    CHECK(shell.wait_text("> cfg[\"learning rate\"]"));
    shell.send("\r");
    CHECK(shell.wait_text("\n3"));
    shell.wait_prompt();
    std::filesystem::create_directories(shell.home() + "/dates");
    shell.send("io.open('~/da\t");
    CHECK(shell.wait_text("~/dates/"));
}

TEST_CASE("a paste is one entry, runs once, and its tabs complete nothing", "[pty]") {
    Pty shell;
    std::string text = "total = 0\n";
    for (int i = 0; i < 1000; ++i) text += "\ttotal = total + 1 -- stri\t\n";
    shell.send("\x1b[200~" + text + "print('total', total)\n\x1b[201~");
    REQUIRE(shell.wait_text("print('total', total)"));
    CHECK(shell.screen.visible().find("total   1000") == std::string::npos);
    shell.send("\r");
    REQUIRE(shell.wait_text("\ntotal   1000"));
    REQUIRE(shell.wait_prompt());
    shell.send("\x1b[A");
    shell.settle();
    shell.send("\x15");
    shell.send("print('total', total + 1)\r");
    CHECK(shell.wait_text("\ntotal   1001"));
}

TEST_CASE("a megabyte can be pasted", "[pty]") {
    Pty shell;
    std::string text = "x = [[";
    while (text.size() < 1000000) text += "the quick brown fox jumps over the lazy dog\n";
    shell.line("\x1b[200~" + text + "]]\x1b[201~");
    CHECK(shell.ask("#x > 900000") == "true");
}

TEST_CASE("Ctrl-C clears the line, Ctrl-D leaves only an empty one", "[pty]") {
    Pty shell;
    shell.send("half an entry");
    shell.settle();
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    shell.send("\x03");
    CHECK(shell.wait_text("(Ctrl-D leaves)"));
    CHECK(shell.wait_prompt());
    shell.send("ab\x01\x04\x04");
    shell.settle();
    CHECK(shell.alive());
    shell.send("\x04");
    int status = shell.wait_exit();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a line longer than the screen edits at both ends", "[pty]") {
    PtyOptions options;
    options.columns = 20;
    Pty shell(options);
    std::string text = "return '0123456789012345678901234567890123456789'";
    shell.send(text + "\x01x = 1 \x05 -- end");
    shell.settle();
    CHECK(shell.screen.visible().find("> x = 1 return '0123\n") != std::string::npos);
    shell.send(
        "\x15"
        "7*6\r");
    CHECK(shell.wait_text("\n42\n"));
}

TEST_CASE("wide characters keep the cursor where it belongs", "[pty]") {
    Pty shell;
    shell.send("x = '한글漢字'\x1b[D\x1b[D");
    CHECK(shell.wait([&] { return shell.screen.cursor_column() == 2 + 5 + 6; }));
    shell.send("A\r");
    shell.wait_prompt();
    CHECK(shell.ask("x") == "한글漢A字");
}

TEST_CASE("resizing leaves no ghost rows", "[pty]") {
    PtyOptions options;
    options.columns = 100;
    Pty shell(options);
    std::string text = "words = '" + std::string(70, 'w') + "'";
    shell.send(text);
    shell.settle();
    shell.resize(40, 24);
    shell.settle(100);
    std::string shown = shell.screen.visible();
    CHECK(shown.find("> words = 'wwwwwwwwwwwwwwwwwwwwwwwwwwwww\n") != std::string::npos);
    CHECK(shown.find("> words", shown.find("> words") + 1) == std::string::npos);
    shell.resize(100, 24);
    shell.settle(100);
    shown = shell.screen.visible();
    CHECK(shown.find("> " + text) != std::string::npos);
    CHECK(shown.find("> words", shown.find("> words") + 1) == std::string::npos);
    CHECK(shown.find("\nww") == std::string::npos);
}

TEST_CASE("output without a line break keeps its line", "[pty]") {
    Pty shell;
    shell.send("io.write('no break');\r");
    bool kept = shell.wait_text("no break%");
    INFO(shell.screen.visible());
    REQUIRE(kept);
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("1+1") == "2");
}

TEST_CASE("colours while typing, and none where they are not wanted", "[pty]") {
    Pty shell;
    shell.send("for x = 'y' -- z");
    shell.settle();
    std::size_t row = shell.screen.cursor_row();
    CHECK(shell.screen.style(row, 2) == "34");
    CHECK(shell.screen.style(row, 10) == "32");
    CHECK(shell.screen.style(row, 14) == "2");
    shell.send("\x15(");
    shell.settle();
    CHECK(shell.screen.style(shell.screen.cursor_row(), 2) == "31");
    PtyOptions options;
    options.environment = {"NO_COLOR=1"};
    Pty plain(options);
    plain.send("for x = 'y'");
    plain.settle();
    CHECK(plain.screen.style(plain.screen.cursor_row(), 2).empty());
    CHECK(plain.ask(")").find("unexpected") == std::string::npos);
}

TEST_CASE("TERM=dumb gives a plain reader that still knows several lines", "[pty]") {
    PtyOptions options;
    options.environment = {"TERM=dumb"};
    Pty shell(options);
    shell.send("for i=1,2 do\nprint(i*10)\nend\n");
    bool ran = shell.wait_text("10\n20\n");
    INFO(shell.screen.visible());
    REQUIRE(ran);
    shell.send("\x03");
    shell.settle();
    CHECK(shell.alive());
    shell.send("6*7\n");
    CHECK(shell.wait_text("\n42\n"));
    CHECK(shell.screen.unknown().empty());
}

TEST_CASE("commands and help at the prompt", "[pty]") {
    Pty shell;
    CHECK(shell.ask(":help").find(":history [n|words]") != std::string::npos);
    CHECK(shell.ask(":hlep").find("did you mean :help?") != std::string::npos);
    CHECK(shell.ask(":prompt") == "no model has been called yet");
    CHECK(shell.ask(":time 1+1").find("wall ") != std::string::npos);
    CHECK(shell.ask("?string.format").find("built-in") != std::string::npos);
    CHECK(shell.ask("?strang").find("did you mean string?") != std::string::npos);
    CHECK(shell.ask("?").find("?name") != std::string::npos);
    CHECK(shell.ask(":history 5").find("?strang") != std::string::npos);
    shell.send(":quit\r");
    CHECK(WEXITSTATUS(shell.wait_exit()) == 0);
}

TEST_CASE("exit leaves, unless it means something", "[pty]") {
    Pty shell;
    shell.line("local exit = 5");
    CHECK(shell.ask("exit") == "5");
    shell.send("quit()\r");
    CHECK(WEXITSTATUS(shell.wait_exit()) == 0);
}

TEST_CASE("the terminal is itself again after exit and death", "[pty]") {
    Pty shell;
    shell.send("os.exit(3)\r");
    CHECK(WEXITSTATUS(shell.wait_exit()) == 3);
    Pty killed;
    killed.signal(SIGTERM);
    int status = killed.wait_exit();
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("the start file runs at the prompt only", "[pty]") {
    PtyOptions options;
    {
        Pty first;
        options.home = first.home();
    }
    std::filesystem::create_directories(options.home + "/.config/moonlet");
    std::ofstream(options.home + "/.config/moonlet/init.lua") << "started = 'yes'";
    Pty shell(options);
    CHECK(shell.ask("started") == "yes");
    options.arguments = {"--norc"};
    Pty without(options);
    CHECK(without.ask("started") == "nil");
}

TEST_CASE("JSON, help and Tab load no LibTorch", "[pty]") {
    Pty shell;
    bool complete =
        shell.ask("type(json)") == "table";  // a shell without the stdlib has less to load
    if (complete) CHECK(shell.ask("json.encode({a=1})") == "{\"a\":1}");
    shell.ask("?models.load");
    shell.send("models.\t");
    shell.settle();
    std::ifstream maps("/proc/" + std::to_string(shell.pid()) + "/maps");
    std::string line, all;
    while (std::getline(maps, line)) all += line + "\n";
    CHECK(all.find("libc.so") != std::string::npos);
    CHECK(all.find("libtorch") == std::string::npos);
    CHECK(all.find("libmoonlet_engine") == std::string::npos);
}
