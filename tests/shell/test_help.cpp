// SPDX-License-Identifier: Apache-2.0
// `?name`, `??name`, help "words": what they say, and how well words are found.
#include <catch2/catch.hpp>

#include "pty.h"
#include "shell/help.h"
#include "shell/help_search.h"
#include "test.h"

using namespace moonlet;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;

TEST_CASE("a word fits by itself, by its start, another ending or spelling") {
    CHECK(word_fit("quantize", "quantize") == 1);
    CHECK(word_fit("quant", "quantize") > word_fit("quantise", "quantize"));
    CHECK(word_fit("quantise", "quantize") > 0);
    CHECK(word_fit("quantize", "quant") > 0);
    CHECK(word_fit("qauntize", "quantize") > 0);
    CHECK(word_fit("training", "trainer") > 0);
    CHECK(word_fit("lora", "adapter") == 0);
    CHECK(word_fit("cat", "car") == 0);
    CHECK(word_fit("xxxxxxxx", "quantize") == 0);
}

TEST_CASE("help is wrapped under its first word") {
    CHECK(wrapped("  name   a doc of some words\nend\n", 20) ==
          "  name   a doc of\n    some words\nend\n");
    CHECK(wrapped("short\n", 20) == "short\n");
    CHECK(wrapped(std::string(25, 'x') + "\n", 20) ==
          std::string(20, 'x') + "\n  " + std::string(5, 'x') + "\n");
    CHECK(wrapped("", 20).empty());
}

TEST_CASE("?? shows a function's source with its entry and lines", "[pty]") {
    Pty shell;
    shell.line(
        "\x1b[200~-- Adds.\n-- Nothing else.\nfunction add(a, b)\n  return a + b\nend\x1b[201~");
    CHECK(shell.ask("?add") ==
          "add(a, b)\n  Adds.\n  Nothing else.\n"
          "  a Lua function, defined in (1):3   ??add shows it");
    CHECK(shell.ask("??add") ==
          "add   entry (1):3\n  1 | -- Adds.\n  2 | -- Nothing else.\n"
          "  3 | function add(a, b)\n  4 |   return a + b\n  5 | end");
    shell.line("local function mine() return 1 end");
    CHECK(shell.ask("??mine") == "mine   entry (2):1\n  1 | local function mine() return 1 end");
    CHECK(shell.ask("??string.rep").find("built-in") != std::string::npos);
}

TEST_CASE("help on the stdlib and what is native: ?, ??, words", "[pty]") {
    PtyOptions options;
    options.rows = 200;
    Pty shell(options);
    if (shell.ask("type(datasets)") != "table")
        return moonlet::test::skip("no stdlib in this build");
    auto has = [&](const std::string& entry, const std::string& part) {
        std::string text = shell.ask(entry);
        INFO(entry << "\n" << text);
        CHECK(text.find(part) != std::string::npos);
    };
    has("??plots.line", "plots.line   moonlet/plots.lua:");
    has("??plots.line", " | function plots.line(");
    has("??Chat:regen", "moonlet/chat.lua:");
    has("??Chat:regen", "\n  ");
    has("?datasets.nwe", "did you mean datasets.new?");
    has("?nosuchthing", "nothing is known of 'nosuchthing'");
    if (shell.ask("?datasets.new").find("nothing is known") != std::string::npos) return;
    has("?datasets.new", "example");
    has("??datasets.new", "C++: the row datasets.new of bindings/base/");
    has("help \"dataset rows\"", "Dataset:");
    has("help \"shuffel\"", "Dataset:shuffle");  // a typo
    has(":help shuffle", "Dataset:shuffle");
    has("help \"transcript\"", "help");
    has("help \"qqqqqq\"", "no help mentions 'qqqqqq'");
    has(":help pager", ":last");
}

TEST_CASE("help at 20 columns breaks its lines at blanks", "[pty]") {
    PtyOptions options;
    options.columns = 20;
    Pty shell(options);
    shell.line("\x1b[200~-- Some words that need several lines.\nfunction f() end\x1b[201~");
    shell.line("?f");
    INFO(shell.screen.visible());
    CHECK(shell.screen.visible().find("  Some words that\n    need several\n    lines.\n") !=
          std::string::npos);
}
