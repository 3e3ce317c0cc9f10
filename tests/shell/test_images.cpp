// SPDX-License-Identifier: Apache-2.0
// Pictures at the prompt: the protocol is what the terminal says it can, asked at the first picture
// and never waited for in vain.
#include <catch2/catch.hpp>

#include <chrono>

#include "pty.h"

using namespace moonlet::test;

namespace {

const std::string kShow =
    "images = require 'moonlet.images' images.show{width=2, height=2, "
    "pixels=('\\255\\0\\0'):rep(2) .. ('\\0\\0\\255'):rep(2)}";

struct Shown {
    std::vector<std::string> strings;
    std::string screen, style, protocol;
};

Shown shown(const std::function<std::string(const std::string&, const Screen&)>& answer,
            std::vector<std::string> environment = {}) {
    PtyOptions options;
    options.answer = answer;
    options.environment = std::move(environment);
    Pty shell(options);
    shell.send("\x0c");
    shell.wait([&] { return shell.screen.row(0) == ">"; });
    std::size_t before = shell.screen.strings().size();
    shell.send("function f() " + kShow + " end\r");
    REQUIRE(shell.wait([&] { return shell.screen.cursor_row() > 1; }));
    REQUIRE(shell.wait_prompt());
    shell.send("\x0c");
    shell.wait([&] { return shell.screen.row(0) == ">"; });
    shell.send("f()\r");
    REQUIRE(shell.wait([&] { return shell.screen.cursor_row() > 1; }));
    REQUIRE(shell.wait_prompt());
    CHECK(shell.screen.unknown().empty());
    auto all = shell.screen.strings();
    Shown result{{all.begin() + static_cast<std::ptrdiff_t>(before), all.end()},
                 shell.screen.row(1),
                 shell.screen.style(1, 0),
                 shell.ask("images.protocol()")};
    return result;
}

bool any(const std::vector<std::string>& list, const std::string& start) {
    for (const auto& text : list)
        if (text.rfind(start, 0) == 0) return true;
    return false;
}

}  // namespace

TEST_CASE("a picture comes by kitty's protocol where it is answered", "[pty]") {
    TerminalKind kind;
    kind.kitty_graphics = true;
    Shown result = shown(terminal_answers(kind));
    CHECK(result.protocol == "kitty");
    CHECK(any(result.strings, "_Ga=T,f=100"));
}

TEST_CASE("a picture comes as sixels where DA1 says 4", "[pty]") {
    TerminalKind kind;
    kind.features = "62;4;22";
    Shown result = shown(terminal_answers(kind));
    CHECK(result.protocol == "sixel");
    CHECK(any(result.strings, "Pq"));
    kind.features = "64;1;2;6;9;15;18;21;22";
    CHECK(shown(terminal_answers(kind)).protocol == "blocks");
}

TEST_CASE("a picture comes as half blocks where nothing is answered", "[pty]") {
    Shown result = shown({}, {"COLORTERM=truecolor"});
    CHECK(result.protocol == "blocks");
    CHECK(result.screen.find("▀▀▀▀") == 0);
    CHECK(result.style == "38;2;255;0;0;48;2;255;0;0");
}

TEST_CASE("MOONLET_IMAGES decides without a question", "[pty]") {
    CHECK(any(shown({}, {"MOONLET_IMAGES=sixel"}).strings, "Pq"));
    CHECK(shown({}, {"MOONLET_IMAGES=none"}).screen == "[picture, 2 × 2 pixels]");
    CHECK(shown({}, {"NO_COLOR=1"}).screen == "[picture, 2 × 2 pixels]");
    auto piped = run_shell({"-e", kShow});
    CHECK(piped.out == "[picture, 2 × 2 pixels]\n");
}

TEST_CASE("keys typed while the terminal is asked are not lost", "[pty]") {
    PtyOptions options;
    options.answer = [](const std::string& query, const Screen&) -> std::string {
        return query == "\x1b[c" ? "20+\x1b[?62;22c22" : "";
    };
    Pty shell(options);
    shell.send(kShow + "\r");
    REQUIRE(shell.wait_text("▀"));
    REQUIRE(shell.wait_text("> 20+22"));
}
