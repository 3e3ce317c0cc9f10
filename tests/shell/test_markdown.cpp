// SPDX-License-Identifier: Apache-2.0
// Markdown of answers: what the terminal shows, cell by cell, whatever pieces the text comes in;
// nothing is ever drawn twice by moving up, and the source is what is kept.
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

#include "shell/markdown.h"

#include "pty.h"

using namespace moonlet::test;
using moonlet::MarkdownStream;

namespace {

// The screen after `text` came in pieces of so many bytes.
Screen drawn(const std::string& text, std::size_t width, std::size_t piece = 1,
             bool thinking = false, std::string* bytes = nullptr) {
    Screen screen(width, 200);
    std::string all;
    MarkdownStream stream({width, true, thinking}, [&](std::string_view out) { all += out; });
    for (std::size_t at = 0; at < text.size(); at += piece)
        stream.write(std::string_view(text).substr(at, piece));
    stream.finish();
    std::string cooked;
    for (char c : all) cooked += c == '\n' ? "\r\n" : std::string{c};
    screen.feed(cooked);
    if (bytes) *bytes = all;
    CHECK(screen.unknown().empty());
    return screen;
}

const char* const kText =
    "# A heading about 한국어\n\n"
    "This is **bold**, *italic*, `code`, and [a link](https://example.org/x). 5 * 3 * 2 and "
    "**kwargs, a_b_c, snake_case_name. ***both*** ~~gone~~ and \\*not\\*.\n"
    "한국어 문장도 길게 이어져서 줄을 넘어갑니다. "
    "日本語の文章も長く続いて行を越えます、そうです。\n\n"
    "- item one with a text that is long enough to wrap at narrow widths\n"
    "  - nested `item`\n* star item\n1. first\n10. tenth item with a long text\n"
    "> a quote that is long enough to be wrapped over several rows, with **bold**\n\n---\n\n"
    "```lua\nlocal x = \"s\" -- c\nlocal s = [[long\nstring]]\n```\n\n"
    "| name | value | note |\n|:-----|------:|:----:|\n| **a** | 1.5 | ok |\n"
    "| 한국 | 22 | a much longer note that needs wrapping |\n\n"
    "<think>\nwhat to say?\n</think>\nThe end with `open and **more";

}  // namespace

TEST_CASE("markdown looks the same whatever pieces it comes in") {
    for (std::size_t width : {20, 80, 200}) {
        Screen whole = drawn(kText, width, 100000);
        for (std::size_t piece : {1, 2, 3, 5, 7, 16}) {
            INFO(width << " columns, pieces of " << piece);
            CHECK(drawn(kText, width, piece).differs(whole) == "");
        }
    }
}

TEST_CASE("markdown never moves up, and no row is wider than the terminal") {
    for (std::size_t width : {20, 80, 200}) {
        std::string bytes;
        Screen screen = drawn(kText, width, 3, false, &bytes);
        for (std::size_t at = 0; (at = bytes.find("\x1b[", at)) != std::string::npos; ++at) {
            char final = bytes[bytes.find_first_not_of("0123456789;", at + 2)];
            CHECK((final == 'm' || final == 'C' || final == 'K'));
        }
        // All rows were ended by us: a row that the terminal wrapped would go on without.
        std::size_t rows = 0;
        for (char c : bytes) rows += c == '\n';
        CHECK(screen.cursor_row() == rows);
    }
}

TEST_CASE("markdown: spans, lists, quotes, code") {
    Screen screen = drawn(
        "Some **bold** and *it* `x=1` 2 * 3\n- one\n  - two\n3. three\n> said\n# Title\n"
        "```lua\nlocal x = 1 -- y\n```\n",
        80);
    CHECK(screen.styled_row(0) == "Some ‹1›bold‹› and ‹3›it‹› ‹36›x=1‹› 2 * 3");
    CHECK(screen.styled_row(1) == "• one");
    CHECK(screen.styled_row(2) == "  • two");
    CHECK(screen.styled_row(3) == "3. three");
    CHECK(screen.styled_row(4) == "│ said");
    CHECK(screen.styled_row(5) == "‹1;4›Title‹›");
    CHECK(screen.styled_row(6) == "‹2›```lua‹›");
    CHECK(screen.row(7) == "local x = 1 -- y");
    CHECK(screen.style(7, 0) != "");
    CHECK(screen.styled_row(8) == "‹2›```‹›");
}

TEST_CASE("markdown: words move whole, wide characters are never cut") {
    Screen screen = drawn("one two three four five\n- hanging words stay right\n", 10, 1);
    CHECK(screen.differs({"one two", "three four", "five", "• hanging", "  words", "  stay",
                          "  right"}) == "");
    // 19 columns: the tenth wide character does not fit, and 。 takes the one before it along.
    CHECK(drawn("日本語日本語日本語。日本\n", 19).row(0) == "日本語日本語日本");
    CHECK(drawn("日本語日本語日本語。日本\n", 19).row(1) == "語。日本");
    CHECK(drawn("안녕하세요 세계\n", 12).differs({"안녕하세요", "세계"}) == "");
    CHECK(drawn("supercalifragilistic word\n", 10).row(1) == "ragilistic");
}

TEST_CASE("markdown: a table comes when it is complete") {
    std::string bytes;
    MarkdownStream stream({80, true, false}, [&](std::string_view out) { bytes += out; });
    stream.write("| a | b |\n|---|--:|\n| x | 1 |\n");
    CHECK(bytes.empty());
    stream.write("\n");
    CHECK(bytes.find("┌───┬───┐") != std::string::npos);
    CHECK(drawn("| a | b |\n|---|--:|\n| x | 10 |\n", 80)
              .differs({"┌───┬────┐", "│ a │  b │", "├───┼────┤", "│ x │ 10 │", "└───┴────┘"}) ==
          "");
    CHECK(drawn("| no table\n", 80).row(0) == "| no table");
}

TEST_CASE("markdown: the first word is there at once, an open span waits for its end") {
    std::string bytes;
    MarkdownStream stream({80, true, false}, [&](std::string_view out) { bytes += out; });
    stream.write("Hel");
    CHECK(bytes == "Hel");
    stream.write("lo **wor");
    CHECK(bytes == "Hello ");
    stream.write("ld** ");
    CHECK(bytes.find("\x1b[0;1mworld") != std::string::npos);
    stream.write("\x1b[2Jx");  // what a model writes cannot drive the terminal
    CHECK(bytes.find("^[") != std::string::npos);
    CHECK(bytes.find("\x1b[2J") == std::string::npos);
}

TEST_CASE("markdown: thoughts are dim") {
    Screen screen = drawn("<think>\nhm, *so*\n</think>\n\nAnswer", 80);
    CHECK(screen.styled_row(0) == "‹2›hm, ‹2;3›so‹›");
    CHECK(screen.styled_row(2) == "Answer");
    screen = drawn("hm</think>Answer", 80, 1, true);
    CHECK(screen.styled_row(0) == "‹2›hm‹›Answer");
}

TEST_CASE("answers are drawn at the prompt, and kept as they came", "[pty]") {
    const std::string ask =
        "m = models.scripted{'# Title\\n\\nSome **bold** text.\\n\\n- one\\n- two', cycle=true}";
    Pty shell;
    shell.line(ask + " c = m:chat{}");
    shell.send("c 'hello'\r");
    REQUIRE(shell.wait_text("• two"));
    REQUIRE(shell.wait_prompt());
    std::size_t row = 0;
    while (shell.screen.row(row) != "Title") ++row;
    CHECK(shell.screen.styled_row(row) == "‹1;4›Title‹›");
    CHECK(shell.screen.styled_row(row + 2) == "Some ‹1›bold‹› text.");
    CHECK(shell.screen.row(row + 4) == "• one");
    CHECK(shell.screen.unknown().empty());
    CHECK(shell.ask("_.text:match '%*%*%a+%*%*'") == "**bold**");
    shell.line(":markdown raw");
    shell.send("c 'hello'\r");
    REQUIRE(shell.wait_text("Some **bold** text."));
    REQUIRE(shell.wait_prompt());
    shell.line(":markdown on");
    shell.line(":save " + shell.home() + "/s.lua");
    REQUIRE(shell.wait_text("saved 4 entries"));
    std::ifstream file(shell.home() + "/s.lua");
    std::string saved{std::istreambuf_iterator<char>(file), {}};
    INFO(saved);
    CHECK(saved.find("hello") != std::string::npos);
    CHECK(saved.find('\x1b') == std::string::npos);
}

TEST_CASE("piped answers are the source, byte by byte") {
    auto result = run_shell({"-e",
                             "m = models.scripted{'# T\\n\\n**b** `c`\\n'} "
                             "m:generate('x', {stream=true})"});
    CHECK(result.out == "# T\n\n**b** `c`\n");
    result = run_shell({"-e", "print(models.scripted{'**b** <think>x'}:generate 'x')"});
    CHECK(result.out == "**b** <think>x\n");
    Pty plain({.environment = {"NO_COLOR=1"}});
    plain.line("m = models.scripted{'**bold** text'}");
    plain.send("m:generate 'x'\r");
    CHECK(plain.wait_text("**bold** text"));
}
