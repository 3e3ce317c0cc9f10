// SPDX-License-Identifier: Apache-2.0
// The list of candidates: walking, taking, leaving, and what it shows at each width.
#include <catch2/catch.hpp>

#include "pty.h"
#include "shell/completion_menu.h"

using namespace moonlet;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;

namespace {

std::vector<std::string> texts(const std::vector<Row>& rows) {
    std::vector<std::string> lines;
    for (const Row& row : rows) {
        std::string text;
        for (const Cell& cell : row) text += cell.text;
        lines.push_back(text.substr(0, text.find_last_not_of(' ') + 1));
    }
    return lines;
}

Key key(KeyKind kind, const char* text = "") {
    Key made;
    made.kind = kind;
    made.text = text;
    return made;
}

CompletionMenu menu_of(int count) {
    Completion completion;
    for (int i = 1; i <= count; ++i) {
        completion.candidates.push_back({"name" + std::to_string(i), ""});
    }
    CompletionMenu menu;
    menu.open(completion);
    return menu;
}

}  // namespace

TEST_CASE("walking wraps around, Enter and marks take, letters do not") {
    auto menu = menu_of(3);
    CHECK(menu.selected() == nullptr);
    CHECK(menu.handle(key(KeyKind::enter)) == MenuStep::key);
    CHECK(menu.handle(key(KeyKind::left)) == MenuStep::key);
    CHECK(menu.handle(key(KeyKind::tab)) == MenuStep::stay);
    CHECK(menu.selected()->text == "name1");
    menu.handle(key(KeyKind::shift_tab));
    CHECK(menu.selected()->text == "name3");
    menu.handle(key(KeyKind::down));
    CHECK(menu.selected()->text == "name1");
    menu.handle(key(KeyKind::up));
    menu.handle(key(KeyKind::up));
    CHECK(menu.selected()->text == "name2");
    CHECK(menu.handle(key(KeyKind::enter)) == MenuStep::take);
    CHECK(menu.handle(key(KeyKind::text, "(")) == MenuStep::take_then_key);
    CHECK(menu.handle(key(KeyKind::text, "x")) == MenuStep::key);
    CHECK(menu.handle(key(KeyKind::escape)) == MenuStep::close);
    CHECK(menu.handle(key(KeyKind::backspace)) == MenuStep::key);
}

TEST_CASE("columns by the width, a window of twelve lines that follows the selection") {
    auto menu = menu_of(5);
    CHECK(texts(menu.rows(80, true, {})) ==
          std::vector<std::string>{"name1  name2  name3  name4  name5"});
    CHECK(texts(menu.rows(20, true, {})) ==
          std::vector<std::string>{"name1  name3  name5", "name2  name4"});
    menu.handle(key(KeyKind::tab));
    menu.handle(key(KeyKind::right));
    CHECK(menu.selected()->text == "name3");
    CHECK(texts(menu.rows(4, true, {}))[0] == "name");
    auto long_menu = menu_of(40);
    auto rows = texts(long_menu.rows(9, true, {}));
    REQUIRE(rows.size() == 13);
    CHECK(rows[0] == "name1");
    CHECK(rows[12] == "… 28 more");
    for (int i = 0; i < 14; ++i) long_menu.handle(key(KeyKind::tab));
    rows = texts(long_menu.rows(9, true, {}));
    REQUIRE(rows.size() == 13);
    CHECK(rows[0] == "name3");
    CHECK(rows[11] == "name14");
    CHECK(rows[12] == "… 26 more");
    for (int i = 0; i < 26; ++i) long_menu.handle(key(KeyKind::tab));
    rows = texts(long_menu.rows(9, true, {}));
    CHECK(rows.size() == 12);
    CHECK(rows.back() == "name40");
}

TEST_CASE("the selected one is reversed, or in brackets without colours; its description below") {
    auto menu = menu_of(2);
    menu.handle(key(KeyKind::tab));
    auto describe = [](const Candidate& c) { return "about " + c.text + " in a few words"; };
    auto rows = menu.rows(20, true, describe);
    CHECK(texts(rows) == std::vector<std::string>{"name1  name2", "about name1 in a few", "words"});
    CHECK(rows[0][0].style == Style::selected);
    CHECK(rows[0][5].style == Style::plain);
    CHECK(rows[1][0].style == Style::dim);
    CHECK(texts(menu.rows(20, false, {})) == std::vector<std::string>{"[name1]  name2"});
    CHECK(texts(menu_of(2).rows(20, false, {})) == std::vector<std::string>{" name1   name2"});
}

TEST_CASE("Tab at the prompt: the list, cell by cell", "[pty]") {
    for (std::size_t columns : {20u, 80u, 200u}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        shell.line("t = {alpha=1, alps=2, alto=3}");
        std::size_t below = shell.screen.cursor_row() + 1;
        auto row_is = [&](const std::string& wanted) {
            bool there = shell.wait([&] { return shell.screen.styled_row(below) == wanted; }, 20);
            INFO(columns << " " << shell.screen.styled_row(below) << "\n"
                         << shell.screen.visible());
            CHECK(there);
        };
        shell.send("t.al\t");
        row_is("alpha  alps   alto");
        shell.send("\t\t");
        row_is("alpha  ‹7›alps‹›   alto");
        shell.send("\x1b[Z\x1b[A");
        row_is("alpha  alps   ‹7›alto‹›");
        CHECK(shell.screen.row(below - 1) == "> t.al");  // walking changes no text
        shell.send("\r");
        CHECK(shell.wait([&] { return shell.screen.row(below - 1) == "> t.alto"; }));
        row_is("");
        shell.send("\r");
        REQUIRE(shell.wait_prompt());
        CHECK(shell.screen.row(below) == "3");
        below = shell.screen.cursor_row() + 1;
        shell.send("t.al\t\t");
        row_is("‹7›alpha‹›  alps   alto");
        shell.send("\x1b");
        row_is("");
        CHECK(shell.screen.row(below - 1) == "> t.al");
        CHECK(shell.screen.cursor_column() == 6);
        shell.send("\t\t+");  // a mark behind it takes it
        CHECK(shell.wait([&] { return shell.screen.row(below - 1) == "> t.alpha+"; }));
        CHECK(shell.screen.unknown().empty());
    }
}
