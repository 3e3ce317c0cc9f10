// SPDX-License-Identifier: Apache-2.0
// Suggestions out of the history, dim behind what is typed.
#include <catch2/catch.hpp>

#include "pty.h"
#include "shell/ghost.h"

using moonlet::Ghost;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;

TEST_CASE("the newest entry that goes on as the text does") {
    std::vector<std::string> entries = {"print(1)", "for i=1,3 do\n  print(i)\nend", "print(2)"};
    Ghost ghost;
    auto offered = [&](const char* text) {
        ghost.offer(entries, text);
        return ghost.rest();
    };
    CHECK(offered("p") == "rint(2)");
    CHECK(offered("print(") == "2)");
    CHECK(offered("print(1") == ")");  // typing on looks further back
    CHECK(offered("print(1)") == "");  // nothing is left to suggest
    CHECK(offered("print(12") == "");
    CHECK(offered("print(1") == ")");  // one character less: a new search
    CHECK(offered("") == "");
    CHECK(offered("  ") == "");
    CHECK(offered("for") == " i=1,3 do\n  print(i)\nend");
    CHECK(ghost.shown() == " i=1,3 do …");
    CHECK(ghost.word() == " i");
    ghost.clear();
    CHECK(ghost.rest() == "");
    entries.push_back("form()");
    ghost.forget();
    CHECK(offered("for") == "m()");
    CHECK(offered(std::string(5000, 'x').c_str()) == "");
}

TEST_CASE("a suggestion is dim, no part of the text until it is taken", "[pty]") {
    for (std::size_t columns : {20u, 80u, 200u}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        shell.line("word = 'one two'");
        shell.line("a1 = 7");
        shell.send("wo");
        INFO(columns);
        REQUIRE(shell.wait([&] {
            return shell.screen.styled_row(shell.screen.cursor_row()) ==
                   "‹1›> ‹2›word = 'one two'‹›";
        }));
        CHECK(shell.screen.cursor_column() == 4);
        shell.send("\x1b[C");  // Right takes all of it
        CHECK(shell.wait([&] {
            return shell.screen.styled_row(shell.screen.cursor_row()) ==
                   "‹1›> ‹›word = ‹32›'one two'‹›";
        }));
        shell.send("\r");
        REQUIRE(shell.wait_prompt());
        CHECK(shell.ask("a") == "nil");  // Enter takes none of it
        CHECK(shell.screen.unknown().empty());
    }
}

TEST_CASE("which keys take a suggestion, and which clear it", "[pty]") {
    Pty shell;
    shell.line("alpha = beta or gamma");
    auto row = [&] { return shell.screen.row(shell.screen.cursor_row()); };
    auto offered = [&](const std::string& keys, const std::string& wanted) {
        shell.send("\x15");
        shell.settle();
        shell.send("al");
        bool there = shell.wait([&] { return row() == "> alpha = beta or gamma"; });
        CHECK(there);
        CHECK(shell.screen.cursor_column() == 4);
        shell.send(keys);
        shell.settle();
        shell.send("!");  // what is not taken goes with the next key
        INFO(keys << "\n" << shell.screen.visible());
        CHECK(shell.wait([&] { return row() == wanted; }));
    };
    const std::string all = "> alpha = beta or gamma!";
    offered("\x1b[C", all);  // Right
    offered("\x1b[F", all);  // End
    offered("\x06", all);    // Ctrl-F
    offered("\x05", all);    // Ctrl-E
    offered(
        "\x1b"
        "f",
        "> alpha!");                                   // Alt-F: one word
    offered("\x1b[1;5C\x1b[1;5C", "> alpha = beta!");  // Ctrl-Right twice
    offered("\x1b[D\x1b[C", "> al!");                  // a step away and back: gone
    shell.send(
        "\x15"
        "alp");
    shell.wait([&] { return row() == "> alpha = beta or gamma"; });
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.screen.row(shell.screen.cursor_row() - 1) == "> alp^C");
    shell.send("\x1b[200~alph\x1b[201~");  // a paste brings none
    shell.settle();
    CHECK(row() == "> alph");
    shell.send(
        "\x15 = 1\x01"
        "al");  // nor does typing within the line
    shell.settle();
    CHECK(row() == "> al = 1");
    shell.send("\x15\x1b[A");  // nor walking through the history
    shell.settle();
    CHECK(row() == "> alpha = beta or gamma");
}

TEST_CASE("this session's entries are suggested before those of others", "[pty]") {
    PtyOptions options;
    {
        Pty first;
        options.home = first.home();
        first.line("value = 'other'");
        first.line("only = 'other'");
        first.send("\x04");
        first.wait_exit();
    }
    Pty shell(options);
    shell.line("value = 'mine'");
    {
        Pty later(options);
        later.line("value = 'later'");
    }
    shell.line("1");
    shell.send("val");
    auto row = [&] { return shell.screen.row(shell.screen.cursor_row()); };
    CHECK(shell.wait([&] { return row() == "> value = 'mine'"; }));
    shell.send("\x15onl");
    CHECK(shell.wait([&] { return row() == "> only = 'other'"; }));
}

TEST_CASE("an entry of several lines is suggested by its first and taken whole", "[pty]") {
    Pty shell;
    shell.line("\x1b[200~do\r  many = 5\rend\x1b[201~");
    shell.line("many = 0");
    shell.send("d");
    CHECK(shell.wait_text("> do …"));
    shell.send("\x1b[C\r");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("many") == "5");
}

TEST_CASE("without colours there is no suggestion: it would look like text", "[pty]") {
    PtyOptions options;
    options.environment = {"NO_COLOR=1"};
    Pty shell(options);
    shell.line("word = 'one two'");
    shell.send("wor\x1b[C");
    shell.settle();
    CHECK(shell.screen.row(shell.screen.cursor_row()) == "> wor");
}
