// SPDX-License-Identifier: Apache-2.0
// Colours of what is typed: the pure functions, then the screen cell by cell.
#include <catch2/catch.hpp>

#include <unistd.h>

#include <set>

#include "pty.h"
#include "shell/highlighter.h"
#include "shell/keys.h"
#include "shell/name_scan.h"
#include "shell/theme.h"

using namespace moonlet;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;

namespace {

// One letter for each byte of the text.
std::string letters(std::string_view text, std::size_t cursor = std::string::npos) {
    static const std::set<std::string_view> known = {"print", "string", "t"};
    std::string out;
    for (Style style : highlight(text, cursor, [](std::string_view n) { return known.count(n); })) {
        out += ".ksnc!mpdhu?"[static_cast<std::size_t>(style)];
    }
    return out;
}

std::string globals(std::string_view text) {
    auto tokens = lex(text);
    std::string out;
    for (std::size_t i : scan_names(text, tokens).globals) {
        out += (out.empty() ? "" : " ") + std::string(token_text(text, tokens[i]));
    }
    return out;
}

std::string locals(std::string_view text) {
    std::string out;
    auto tokens = lex(text);
    for (auto name : scan_names(text, tokens).locals) {
        out += (out.empty() ? "" : " ") + std::string(name);
    }
    return out;
}

}  // namespace

TEST_CASE("each kind of token has its colour") {
    CHECK(letters("if 1.5 then t = 'x' -- y") == "kk.nnn.kkkk.....sss.cccc");
    CHECK(letters("t = [[a\nb]] --[[c\nd]] t") == "....sssssss.ccccccccc..");
    CHECK(letters("t = [==[a\nb") == "....!ssssss");
    CHECK(letters("t = 'open") == "....!ssss");
    CHECK(letters("print $ t") == "......!..");
}

TEST_CASE("brackets: open ones red, those at the cursor marked, across lines too") {
    CHECK(letters("print(t[1]") == ".....!..n.");
    CHECK(letters("t)") == ".!");
    CHECK(letters("(t]") == "!.!");
    std::string text = "print(\n  t,\n  { t }\n)";
    std::string marked = letters(text, text.size());
    CHECK(marked[5] == 'm');
    CHECK(marked.back() == 'm');
    CHECK(letters(text, 5) == marked);  // on the opening one: the same pair
    CHECK(letters("print('(', t)", 5) == ".....msss...m");
}

TEST_CASE("globals that do not exist are dim, what the entry names itself is not") {
    CHECK(letters("nosuch(t)") == "uuuuuu...");
    CHECK(letters("t.nosuch:name(string.nosuch)").find('u') == std::string::npos);
    CHECK(globals("local a, b = 1, c  print(a + b + d)") == "c print d");
    CHECK(globals("function f(x, ...) return x + y end f(x)") == "y x");
    CHECK(globals("function m.n:o(p) return self, p end self()") == "m self");
    CHECK(globals("for i, v in each(t) do use(i, v) end use(i)") == "each t use use i");
    CHECK(globals("x, y.z = 1, 2; x()") == "y");
    CHECK(globals("t{ a = 1, b = c, [d] = 2 }") == "t c d");
    CHECK(globals("repeat local done = step() until done") == "step");
    CHECK(globals("do local q = 1 end return q") == "q");
    CHECK(globals("if a then local b = 1 elseif b then c = b else print(b) end") ==
          "a b b print b");
    CHECK(globals("goto on ::on:: f()") == "f");
    CHECK(globals("local function g() return g end g()") == "");
    CHECK(globals("") == "");
}

TEST_CASE("locals in scope at the end of an unfinished text") {
    CHECK(locals("local a = 1 for i, v in x do local b = function(c, d) return ") == "a i v b c d");
    CHECK(locals("local a do local b end ") == "a");
    CHECK(locals("function t:m(x) if x then local y = {") == "self x y");
}

TEST_CASE("what a terminal says of its background") {
    CHECK(background_of_environment("15;0") == Background::dark);
    CHECK(background_of_environment("0;15") == Background::light);
    CHECK(background_of_environment("0;default;7") == Background::light);
    CHECK(background_of_environment("12;8") == Background::dark);
    for (const char* odd : {"", "15", "15;", "15;default", "1;99"}) {
        CHECK(background_of_environment(odd) == Background::unknown);
    }
    CHECK(background_of_environment(nullptr) == Background::unknown);
    CHECK(background_of_reply("11;rgb:ffff/ffff/ffff") == Background::light);
    CHECK(background_of_reply("11;rgb:1c1c/1c1c/1c1c") == Background::dark);
    CHECK(background_of_reply("11;rgb:f/f/e") == Background::light);
    CHECK(background_of_reply("11;rgb:00/2b/36") == Background::dark);
    for (const char* odd : {"", "11;rgb:", "11;rgb:zz/0/0", "10;rgb:0/0/0", "11;rgb:12345/0/0"}) {
        CHECK(background_of_reply(odd) == Background::unknown);
    }
}

TEST_CASE("on every background the kinds of tokens differ") {
    for (auto on : {Background::unknown, Background::dark, Background::light}) {
        std::set<std::string> seen;
        for (auto style : {Style::plain, Style::keyword, Style::string, Style::number,
                           Style::comment, Style::error, Style::match}) {
            seen.insert(sgr_on(on, style));
        }
        CHECK(seen.size() == 7);
    }
}

TEST_CASE("colours at the prompt, cell by cell", "[pty]") {
    for (std::size_t columns : {20u, 80u, 200u}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        auto style = [&](std::size_t back, std::size_t column) {
            return shell.screen.style(shell.screen.cursor_row() - back, column);
        };
        shell.send("for i=1,2 do ab(i)");
        shell.settle();
        INFO(columns << "\n" << shell.screen.visible());
        CHECK(style(columns == 20, 2) == "34");  // for
        CHECK(style(columns == 20, 4) == "34");
        CHECK(style(columns == 20, 6).empty());   // i
        CHECK(style(columns == 20, 8) == "36");   // 1
        CHECK(style(columns == 20, 15) == "2");   // ab does not exist
        CHECK(style(columns == 20, 18).empty());  // i does
        shell.send(
            "\x15"
            "ab = '\xed\x95\x9c' -- ab");
        shell.settle();
        std::size_t row = shell.screen.cursor_row();
        CHECK(shell.screen.style(row, 2).empty());  // it is what the entry sets
        for (std::size_t c = 7; c < 11; ++c) CHECK(shell.screen.style(row, c) == "32");
        CHECK(shell.screen.style(row, 11).empty());
        for (std::size_t c = 12; c < 17; ++c) CHECK(shell.screen.style(row, c) == "2");
        CHECK(shell.screen.unknown().empty());
    }
}

TEST_CASE("a bracket and its partner on another line", "[pty]") {
    Pty shell;
    shell.send("x = {\r1,\r");
    shell.settle();
    std::size_t row = shell.screen.cursor_row() - 2;
    CHECK(shell.screen.row(row) == "> x = {");
    CHECK(shell.screen.style(row, 6) == "31");
    shell.send("}");
    shell.settle();
    INFO(shell.screen.visible());
    CHECK(shell.screen.style(row, 6) == "1;4");
    CHECK(shell.screen.row(row + 2) == ".. }");
    CHECK(shell.screen.style(row + 2, 3) == "1;4");
    shell.send("\r");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.screen.style(row, 6).empty());  // done: no mark stays
}

TEST_CASE("a name is dim until it exists, and nothing of the user's runs for that", "[pty]") {
    Pty shell;
    shell.line("calls = 0");
    shell.line("setmetatable(_G, {__index = function() calls = calls + 1 end})");
    auto style_of = [&](const std::string& text) {
        shell.send("\x15" + text);
        shell.settle();
        return shell.screen.style(shell.screen.cursor_row(), 2);
    };
    CHECK(style_of("later") == "2");
    shell.send("\x15");
    CHECK(shell.ask("rawget(_G, 'calls')") == "0");
    shell.line("local later = 1");
    CHECK(style_of("later").empty());
    CHECK(style_of("_1").empty());
    CHECK(style_of("_err").empty());
    CHECK(style_of("exit").empty());
    CHECK(style_of("models") == style_of("string"));
}

TEST_CASE("themes: by COLORFGBG, by MOONLET_THEME, by :theme", "[pty]") {
    auto keyword = [](Pty& shell) {
        shell.send("end");
        shell.settle();
        auto style = shell.screen.style(shell.screen.cursor_row(), 2);
        shell.send("\x15");
        return style;
    };
    PtyOptions options;
    options.environment = {"COLORFGBG=15;0"};
    Pty dark(options);
    CHECK(keyword(dark) == "94");
    CHECK(dark.ask(":theme") ==
          "colours dark (auto); MOONLET_THEME=light or dark sets them at the start");
    dark.line(":theme light");
    CHECK(keyword(dark) == "34");
    dark.line(":theme auto");
    CHECK(keyword(dark) == "94");
    CHECK(dark.ask(":theme pink") == "no theme 'pink'; there are light, dark and auto");
    options.environment = {"COLORFGBG=15;0", "MOONLET_THEME=light"};
    Pty light(options);
    CHECK(keyword(light) == "34");
}

TEST_CASE("NO_COLOR and --no-color give plain text", "[pty]") {
    for (bool by_option : {false, true}) {
        PtyOptions options;
        if (by_option) {
            options.arguments = {"--no-color"};
        } else {
            options.environment = {"NO_COLOR=1", "MOONLET_THEME=dark"};
        }
        Pty shell(options);
        shell.send("for i = 'y', nosuch( -- z");
        shell.settle();
        CHECK(shell.screen.row(shell.screen.cursor_row()) == "> for i = 'y', nosuch( -- z");
        for (std::size_t c = 0; c < 30; ++c) {
            CHECK(shell.screen.style(shell.screen.cursor_row(), c).empty());
        }
    }
}

TEST_CASE("a terminal that answers gets the colours of its background", "[pty]") {
    PtyOptions options;
    options.environment = {"COLORTERM=truecolor"};
    options.answer = moonlet::test::terminal_answers({.back = "rgb:ffff/ffff/ffff"});
    Pty light(options);
    auto style = [](Pty& shell) { return shell.screen.style(shell.screen.cursor_row(), 2); };
    light.send("123");
    CHECK(light.wait([&] { return style(light) == "35"; }));
    CHECK(light.screen.row(light.screen.cursor_row()) == "> 123");
    light.send("\r");
    REQUIRE(light.wait_prompt());
    CHECK(light.ask(":theme").rfind("colours light (auto)", 0) == 0);
    options.answer = moonlet::test::terminal_answers({.back = "rgb:1010/1010/1010"});
    Pty dark(options);
    dark.send("1");
    CHECK(dark.wait([&] { return style(dark) == "96"; }));
}

TEST_CASE("a terminal that does not answer keeps nobody waiting", "[pty]") {
    PtyOptions options;
    options.environment = {"COLORTERM=truecolor"};
    bool asked = false;
    options.answer = [&](const std::string& query, const moonlet::test::Screen&) {
        asked = asked || query.find("]11;?") != std::string::npos;
        return std::string();
    };
    Pty shell(options);
    CHECK_FALSE(asked);  // not before something is typed
    CHECK(shell.ask("6*7") == "42");
    CHECK(asked);
    shell.start("io.read()");
    shell.send("typed\r");
    CHECK(shell.wait_text("\ntyped\ntyped\n"));
    REQUIRE(shell.wait_prompt());
    shell.send("1");
    CHECK(shell.wait([&] { return shell.screen.style(shell.screen.cursor_row(), 2) == "36"; }));
}

TEST_CASE("an answer that comes after Enter is not read by what runs", "[pty]") {
    PtyOptions options;
    options.environment = {"COLORTERM=truecolor"};
    auto answers = moonlet::test::terminal_answers({.back = "rgb:ffff/ffff/ffff"});
    options.answer = [&](const std::string& query, const moonlet::test::Screen& screen) {
        usleep(5000);  // far away: Enter is there first
        return answers(query, screen);
    };
    Pty shell(options);
    shell.start("io.read()");
    shell.send("typed\r");
    CHECK(shell.wait_text("> io.read()\ntyped\ntyped\n>"));
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask(":theme").rfind("colours light (auto)", 0) == 0);
}

TEST_CASE("Ctrl-L and text behind it, on terminals that answer and those that do not", "[pty]") {
    using Strings = std::vector<std::string>;
    for (const Strings& environment :
         {Strings{}, Strings{"COLORTERM=truecolor"}, Strings{"TMUX=/tmp/x,1,0"}}) {
        for (bool answers : {false, true}) {
            CAPTURE(environment, answers);
            PtyOptions options;
            options.environment = environment;
            if (answers) {
                options.answer = moonlet::test::terminal_answers({.back = "rgb:0000/0000/0000"});
            }
            Pty shell(options);
            shell.line("before = 1");
            shell.send("\x0c" + std::string("6*7"));
            CHECK(shell.wait([&] { return shell.screen.row(0) == "> 6*7"; }));
            shell.send("\r");
            CHECK(shell.wait([&] { return shell.screen.visible().rfind("> 6*7\n42\n>", 0) == 0; }));
            CHECK(shell.screen.cursor_column() == 2);
        }
    }
}

TEST_CASE("answers of a terminal are no keys") {
    KeyDecoder decoder;
    Key key;
    decoder.feed("\x1b]11;rgb:ffff/");
    CHECK_FALSE(decoder.next(&key, true));
    decoder.feed("ffff/ffff\x1b");
    CHECK_FALSE(decoder.next(&key, true));
    decoder.feed("\\x\x1b[?62;22c");
    REQUIRE(decoder.next(&key, false));
    CHECK(key.kind == KeyKind::reply);
    CHECK(key.text == "11;rgb:ffff/ffff/ffff");
    REQUIRE(decoder.next(&key, false));
    CHECK(key.text == "x");
    REQUIRE(decoder.next(&key, false));
    CHECK(key.kind == KeyKind::reply);
    CHECK(key.text == "[?62;22c");
    decoder.feed("\x1b]11;rgb:0/0/0\a]");
    REQUIRE(decoder.next(&key, false));
    CHECK(key.text == "11;rgb:0/0/0");
    REQUIRE(decoder.next(&key, false));
    CHECK(key.text == "]");
    decoder.feed("\x1b]");  // Alt-]
    CHECK_FALSE(decoder.next(&key, false));
    REQUIRE(decoder.next(&key, true));
    CHECK(key.kind == KeyKind::alt);
    decoder.feed("\x1b]x");
    REQUIRE(decoder.next(&key, false));
    CHECK(key.kind == KeyKind::alt);
    REQUIRE(decoder.next(&key, false));
    CHECK(key.text == "x");
    CHECK_FALSE(decoder.pending());
}
