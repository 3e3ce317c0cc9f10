// SPDX-License-Identifier: Apache-2.0
// The screen model the terminal tests look at.
#include <catch2/catch.hpp>

#include "pty.h"
#include "screen.h"

using moonlet::test::Glyphs;
using moonlet::test::Screen;

TEST_CASE("the screen model: styles, however they were set") {
    Screen screen(40, 3);
    screen.feed("> \x1b[0;34mfor\x1b[0m i \x1b[1m\x1b[31;48;5;7mx\x1b[22my\x1b[39;49mz");
    CHECK(screen.styled_row(0) == "> ‹34›for‹› i ‹1;31;48;5;7›x‹31;48;5;7›y‹›z");
    screen.feed("\r\n\x1b[38;2;1;2;3mrgb\x1b[m");
    CHECK(screen.style(1, 0) == "38;2;1;2;3");
    CHECK(screen.differs({"> for i xyz", "rgb"}) == "");
    CHECK(screen.differs({"> for i xyz"}) == "row 1 is  |rgb|\n    wanted ||\n");
    Screen other(40, 3);
    other.feed("> for i xyz\r\nrgb");
    CHECK(screen.differs(other).find("row 0, first at column 2") == 0);
    CHECK(other.differs(other) == "");
}

TEST_CASE("the screen model: modes, strings and queries") {
    Screen screen(20, 4);
    screen.feed("one\x1b[?2004h\x1b[?25l\x1b[6 q\x1b]0;name\a\x1bPq#0\x1b\\\x1b_Ga=q,i=7;\x1b\\");
    CHECK(screen.bracketed_paste());
    CHECK(screen.cursor_hidden());
    CHECK(screen.cursor_shape() == 6);
    CHECK(screen.title() == "name");
    CHECK(screen.strings() == std::vector<std::string>{"]0;name", "Pq#0", "_Ga=q,i=7;"});
    screen.feed("\x1b[?1049h\x1b[2J\x1b[Hother\x1b[?1049l");
    CHECK(screen.differs({"one"}) == "");
    screen.feed("\x1b[c\x1b]11;?\a");
    auto answer = moonlet::test::terminal_answers({"62;4", "", "rgb:0/0/0", true});
    auto queries = screen.take_queries();
    REQUIRE(queries.size() == 3);
    CHECK(answer(queries[0], screen) == "\x1b_Gi=7;OK\x1b\\");
    CHECK(answer(queries[1], screen) == "\x1b[?62;4c");
    CHECK(answer(queries[2], screen) == "\x1b]11;rgb:0/0/0\a");
    CHECK(answer("\x1b[6n", screen) == "\x1b[1;4R");
    CHECK(screen.unknown().empty());
    screen.feed("\x1b[5y");
    CHECK(screen.unknown().size() == 1);
}

TEST_CASE("the screen model: characters of several code points, two kinds of terminal") {
    Screen clusters(20, 2), points(20, 2, Glyphs::code_points);
    for (Screen* screen : {&clusters, &points}) screen->feed("👩‍👩‍👧|");
    CHECK(clusters.cursor_column() == 3);
    CHECK(points.cursor_column() == 7);
    clusters.feed("\r❤️|");
    CHECK(clusters.cursor_column() == 3);
    clusters.feed("\r한글\r\x1b[1Cx");  // half of a wide character takes the other half along
    CHECK(clusters.cell(0, 0) == " ");
    CHECK(clusters.cell(0, 2) == "글");
}

TEST_CASE("the screen model: a narrower terminal spreads rows, and a wider one joins them") {
    Screen screen(10, 5);
    screen.feed("0123456789\r\nab\r\n> xyz");
    screen.resize(4, 5, true);
    CHECK(screen.differs({"4567", "89", "ab", "> xy", "z"}) == "");
    CHECK(screen.line(0) == "0123");
    CHECK(screen.cursor_row() == 4);
    CHECK(screen.cursor_column() == 1);
    screen.resize(10, 5, true);
    CHECK(screen.differs({"456789", "ab", "> xyz"}) == "");
    CHECK(screen.cursor_column() == 5);
}
