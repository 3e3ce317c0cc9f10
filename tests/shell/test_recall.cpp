// SPDX-License-Identifier: Apache-2.0
// The history as a person meets it: Up by prefix, Ctrl-R and its list, several shells, what a
// shell that died leaves behind.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "pty.h"

using namespace moonlet::test;

namespace {

constexpr const char *kUp = "\x1b[A", *kDown = "\x1b[B", *kCtrlR = "\x12", *kEscape = "\x1b";

std::string row_of_cursor(Pty& shell) { return shell.screen.row(shell.screen.cursor_row()); }

bool wait_row(Pty& shell, const std::string& text) {
    return shell.wait([&] { return row_of_cursor(shell) == text; });
}

std::string history_file(const Pty& shell) {
    std::ostringstream text;
    text << std::ifstream(shell.home() + "/.local/state/moonlet/history").rdbuf();
    return text.str();
}

PtyOptions at_home(const std::string& home, std::size_t columns = 80) {
    PtyOptions options;
    options.home = home;
    options.columns = columns;
    return options;
}

}  // namespace

TEST_CASE("Up walks only what begins like the draft, each text once", "[pty]") {
    Pty shell;
    for (const char* entry : {"print('a')", "other = 1", "print('b')", "print('a')", "x = 2"})
        shell.line(entry);
    shell.send("pri");
    shell.send(kUp);
    CHECK(wait_row(shell, "> print('a')"));
    shell.send(kUp);
    CHECK(wait_row(shell, "> print('b')"));
    shell.send(kUp);
    shell.settle();
    CHECK(row_of_cursor(shell) == "> print('b')");
    shell.send(kDown);
    CHECK(wait_row(shell, "> print('a')"));
    shell.send(kDown);
    CHECK(wait_row(shell, "> pri"));
    CHECK(shell.screen.cursor_column() == 5);
}

TEST_CASE("two shells: Up gives this session's entries first, then the other's", "[pty]") {
    Pty one;
    one.line("v = 'one'");
    Pty two(at_home(one.home()));
    two.line("v = 'two'");
    one.line("w = 'one again'");
    one.send(kUp);
    CHECK(wait_row(one, "> w = 'one again'"));
    one.send(kUp);
    CHECK(wait_row(one, "> v = 'one'"));
    one.send(kUp);
    CHECK(wait_row(one, "> v = 'two'"));
}

TEST_CASE("Ctrl-R: a list below, matches marked, a typo, Esc gives the draft back", "[pty]") {
    for (std::size_t columns : {20, 80, 200}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        shell.line("ab = 11");
        shell.line("genes = 2");
        shell.line("generate = 3");
        shell.line("error'gen'");
        shell.send("draft\x1b[D\x1b[D");
        shell.settle();
        std::size_t row = shell.screen.cursor_row();
        std::string empty = columns == 20 ? "search ``: error'gen" : "search ``: error'gen'";
        shell.send(kCtrlR);
        bool listed = shell.wait_text(empty, 10);
        INFO(shell.screen.visible());
        REQUIRE(listed);
        std::size_t list = row + (columns == 20 ? 2 : 1);
        CHECK(shell.wait([&] { return shell.screen.row(list + 3) == "   ab = 11"; }, 10));
        CHECK(shell.screen.row(list) == "▸✗ error'gen'");
        CHECK(shell.screen.row(list + 1) == "   generate = 3");
        shell.send("genrate");
        REQUIRE(shell.wait_text("search `genrate`:"));
        shell.settle();
        CHECK(shell.screen.visible().find("▸  generate = 3") != std::string::npos);
        CHECK(shell.screen.visible().find("ab = 11\n   ") == std::string::npos);
        std::size_t at = 0;
        while (shell.screen.row(at) != "▸  generate = 3") ++at;
        CHECK(shell.screen.styled_row(at) == "‹1›▸‹›  ‹1;4›gen‹›e‹1;4›rate‹› = 3");
        CHECK(shell.screen.row(at + 1).rfind("1 of ", 0) == 0);
        shell.send(kEscape);
        REQUIRE(wait_row(shell, "> draft"));
        CHECK(shell.screen.cursor_column() == 5);
        CHECK(shell.screen.row(shell.screen.cursor_row() + 1).empty());
        shell.send(std::string(kCtrlR) + "gene\x03");
        REQUIRE(wait_row(shell, "> draft"));
        CHECK(shell.screen.unknown().empty());
    }
}

TEST_CASE("Ctrl-R: Up and Down choose, Enter runs, Tab takes it to be edited", "[pty]") {
    Pty shell;
    shell.line("first = 10");
    shell.line("\x1b[200~function fir(n)\n  return n\nend\x1b[201~");
    shell.line("print('fir', first)");
    shell.send(std::string(kCtrlR) + "fir");
    REQUIRE(shell.wait_text("1 of 3"));
    CHECK(shell.screen.visible().find("   function fir(n)↵return n↵end\n") != std::string::npos);
    shell.send(kDown);
    shell.send(kDown);
    REQUIRE(shell.wait_text("3 of 3"));
    CHECK(row_of_cursor(shell) == "search `fir`: first = 10");
    shell.send(kUp);
    REQUIRE(shell.wait_text("2 of 3"));
    CHECK(shell.screen.visible().find("search `fir`: function fir(n)\n..   return n\n.. end") !=
          std::string::npos);
    shell.send("\x12\t = 20");
    CHECK(wait_row(shell, "> fir = 20st = 10"));
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    shell.send(std::string(kCtrlR) + "pritn");
    REQUIRE(shell.wait_text("search `pritn`: print('fir', first)"));
    shell.send("\r");
    CHECK(shell.wait_text("\nfir     10\n"));
    CHECK(shell.wait_prompt());
    shell.send(std::string(kCtrlR) + "zzzz");
    CHECK(shell.wait_text("no match `zzzz`:"));
    shell.send("\r");
    shell.settle();
    CHECK(shell.screen.visible().find("no match `zzzz`:") != std::string::npos);
    shell.send("\x07");
    CHECK(shell.wait_prompt());
}

TEST_CASE("Ctrl-R: only what worked, only this folder", "[pty]") {
    Pty shell;
    shell.line("tried = nope.x");
    shell.line("tried = 5");
    shell.send(std::string(kCtrlR) + "tried");
    REQUIRE(shell.wait_text("1 of 2"));
    CHECK(shell.screen.visible().find(" ✗ tried = nope.x\n") != std::string::npos);
    shell.send("\x0f");
    REQUIRE(shell.wait_text("1 of 1"));
    CHECK(shell.screen.visible().find("nope.x\n1 of 1") == std::string::npos);
    shell.send("\x0f");
    REQUIRE(shell.wait_text("1 of 2"));
    shell.send(kEscape);
    REQUIRE(shell.wait_prompt());
    std::string path = shell.home() + "/.local/state/moonlet/history";
    std::ofstream(path, std::ios::app) << "> \t1700000000\t1.1.1\t1\t/elsewhere\ttried = 7\n"
                                       << "= \t1700000000\t1.1.1\t1\tok\n";
    shell.line("1");
    shell.send(std::string(kCtrlR) + "tried");
    REQUIRE(shell.wait_text("1 of 3"));
    shell.send("\x14");
    REQUIRE(shell.wait_text("1 of 2"));
    CHECK(shell.screen.visible().find("tried = 7") == std::string::npos);
}

TEST_CASE("a leading space is not kept, a key is masked, :history searches", "[pty]") {
    Pty shell;
    shell.line(" hidden = 'by a space'");
    shell.line("f = function() end; f{api_key=\"sk-secret-123\"}");
    shell.line("broken = nil + 1");
    shell.line("?string");
    shell.line("shown = 1;");
    std::string file = history_file(shell);
    CHECK(file.find("by a space") == std::string::npos);
    CHECK(file.find("sk-secret") == std::string::npos);
    CHECK(file.find("api_key=os.getenv \"OPENAI_API_KEY\"") != std::string::npos);
    CHECK(file.find("\t?string\n") != std::string::npos);
    CHECK(file.find("\tshown = 1;\n") != std::string::npos);
    CHECK(shell.ask(":history brokne") == "✗ broken = nil + 1");
    CHECK(shell.ask(":history nothing-like-it") == "nothing in the history");
    CHECK(shell.ask(":history 2") == "  :history nothing-like-it\n  :history 2");
}

TEST_CASE("an entry is on the disk before it runs; kill -9 is told of, :replay is offered",
          "[pty]") {
    Pty shell;
    shell.line("count = 1");
    shell.line("nothing.here = 1");
    shell.line("count = count + 1");
    shell.line("count = count + 1");
    shell.line("local kept = 'local'");
    shell.line("?count");
    shell.start("while true do end");
    shell.signal(SIGKILL);
    shell.wait_exit();
    CHECK(history_file(shell).find("\twhile true do end\n") != std::string::npos);
    Pty next(at_home(shell.home()));
    INFO(next.screen.visible());
    CHECK(next.screen.visible().find("was cut off while it ran: while true do end\n") !=
          std::string::npos);
    CHECK(next.screen.visible().find(":replay runs again what had worked in it (4 entries)\n") !=
          std::string::npos);
    CHECK(next.ask("count") == "nil");
    std::string said = next.ask(":replay");
    CHECK(said.find("ran 4 entries again; left out: 1 that failed\n"
                    "not run: the one it was cut off in: while true do end") != std::string::npos);
    CHECK(next.ask("count, kept") == "3       local");
    CHECK(next.ask(":replay") == "no session was cut off");
    next.send("\x04");
    CHECK(WEXITSTATUS(next.wait_exit()) == 0);
    Pty last(at_home(shell.home()));
    CHECK(last.screen.visible().find("cut off") == std::string::npos);
}

TEST_CASE("after a clean leave nothing is said, after a lost terminal or a signal it is", "[pty]") {
    std::string home;
    {
        Pty shell;
        home = shell.home();
        shell.line("x = 1");
        shell.send("os.exit(0)\r");
        shell.wait_exit();
    }
    for (int way = 0; way < 3; ++way) {
        Pty shell(at_home(home));
        INFO(way);
        CHECK((shell.screen.visible().find("cut off") == std::string::npos) == (way == 0));
        shell.line("y = " + std::to_string(way));
        if (way == 0) shell.hang_up();
        if (way == 1) shell.signal(SIGSEGV);
        if (way == 2) shell.send(":quit\r");
        shell.wait_exit();
    }
    Pty after(at_home(home));
    CHECK(after.screen.visible().find("cut off") == std::string::npos);
}

TEST_CASE("a replay that fails stops there and may begin again; many shells keep whole entries",
          "[pty]") {
    Pty shell;
    std::ofstream(shell.home() + "/gate") << "return 1";
    shell.line("ok = dofile(os.getenv 'HOME' .. '/gate')");
    shell.line("behind = 2");
    shell.line("undo()");  // a command
    shell.line("behind = 3");
    std::vector<std::unique_ptr<Pty>> others;
    for (int i = 0; i < 3; ++i) others.push_back(std::make_unique<Pty>(at_home(shell.home())));
    // All of them at once, an entry at a time in each.
    for (int k = 0; k < 5; ++k) {
        std::string n = std::to_string(k);
        for (auto& other : others) other->send("\x1b[200~do\nlocal n = " + n + "\nend\x1b[201~\r");
        for (auto& other : others) other->line("'done " + n + "'");
    }
    for (auto& other : others) CHECK(other->wait_text("\ndone 4\n"));
    shell.signal(SIGKILL);
    shell.wait_exit();
    std::filesystem::remove(shell.home() + "/gate");
    Pty next(at_home(shell.home()));
    std::string said = next.ask(":replay");
    CHECK(said.find("stopped after 0 of 4 entries; :replay begins again") != std::string::npos);
    std::ofstream(shell.home() + "/gate") << "return 1";
    CHECK(next.ask(":replay").find("ran 3 entries again") != std::string::npos);
    std::string file = history_file(shell);
    for (int k = 0; k < 5; ++k) {
        std::string line = "\tdo\\nlocal n = " + std::to_string(k) + "\\nend\n";
        std::size_t seen = 0;
        for (std::size_t at = 0; (at = file.find(line, at)) != std::string::npos; ++at) ++seen;
        CHECK(seen == 3);
    }
}
