// SPDX-License-Identifier: Apache-2.0
// What a call wants, below the entry: which part is bold, what is cut, when it is gone.
#include <catch2/catch.hpp>

#include "pty.h"
#include "shell/signature_help.h"
#include "test.h"

using namespace moonlet;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;

namespace {

std::string text(const Row& row) {
    std::string out;
    for (const Cell& cell : row) {
        out += cell.style == Style::heading ? "*" + cell.text : cell.text;
    }
    return out;
}

SignatureHelp help_of(std::vector<SignatureHelp::Part> parts, std::string doc = "") {
    return {std::move(parts), std::move(doc)};
}

}  // namespace

TEST_CASE("a row that is too long shows what is current") {
    auto help = help_of({{"name("}, {"alpha"}, {", "}, {"beta", true}, {", "}, {"gamma"}, {")"}});
    auto rows = signature_rows(help, 80, true);
    REQUIRE(rows.size() == 1);
    CHECK(text(rows[0]) == "name(alpha, *b*e*t*a, gamma)");
    CHECK(text(signature_rows(help, 80, false)[0]) == "name(alpha, *‹*b*e*t*a*›, gamma)");
    CHECK(text(signature_rows(help, 20, true)[0]) == "name(alpha, *b*e*t*a, g…");
    CHECK(text(signature_rows(help, 12, true)[0]) == "…lpha, *b*e*t*a…");
    CHECK(text(signature_rows(help, 6, true)[0]) == "…*b*e*t*a…");
    CHECK(signature_rows(help, 3, true).empty());
    CHECK(signature_rows({}, 80, true).empty());
    for (std::size_t width = 4; width < 40; ++width) {
        std::size_t columns = 0;
        auto row = signature_rows(help, width, true)[0];
        for (const Cell& cell : row) {
            columns += static_cast<std::size_t>(cell.width);
        }
        CHECK(columns <= width);
    }
    help.doc = std::string(50, 'd');
    CHECK(signature_rows(help, 80, true).size() == 2);
    CHECK(text(signature_rows(help, 40, true)[1]) == std::string(38, 'd') + " …");
    CHECK(signature_rows(help, 20, true).size() == 1);
}

TEST_CASE("a Lua function's parameters, the one at the cursor bold", "[pty]") {
    for (std::size_t columns : {20u, 80u, 200u}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        shell.line("function f(ab, cd, ...) end");
        auto below = [&](const std::string& wanted, std::size_t rows = 1) {
            auto row = [&] { return shell.screen.styled_row(shell.screen.cursor_row() + rows); };
            bool there = shell.wait([&] { return row() == wanted; }, 20);
            INFO(columns << " " << row() << "\n" << shell.screen.visible());
            CHECK(there);
        };
        shell.send("f(");
        below("‹2›f(‹1›ab‹2›, cd, ...)‹›");
        shell.send("1, ");
        below("‹2›f(ab, ‹1›cd‹2›, ...)‹›");
        shell.send("2, 3, 4");
        below("‹2›f(ab, cd, ‹1›...‹2›)‹›");
        shell.send("\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D");  // back before the first comma
        below("‹2›f(ab, ‹1›cd‹2›, ...)‹›");
        shell.send("\x1b[H");
        below("");  // outside
        shell.send("\x1b[F");
        below("‹2›f(ab, cd, ‹1›...‹2›)‹›");
        shell.send(")");
        below("");
        shell.send("\x15string.rep('x', ");
        below(columns == 20 ? "‹2›string.rep(s, ‹1›n‹2›, se…‹›"
                            : "‹2›string.rep(s, ‹1›n‹2›, sep?)‹›");
        shell.send("\x15('x'):rep(");
        below("‹2›rep(‹1›n‹2›, sep?)‹›");
        shell.send("\x15(");
        below("");
        CHECK(shell.screen.unknown().empty());
    }
}

TEST_CASE("rows of natives: parameters, then options with their defaults", "[pty]") {
    Pty shell;
    if (shell.ask("type(models.new)") != "function") return test::skip("no engine in this build");
    auto below = [&](const std::string& wanted, std::size_t rows = 1) {
        auto row = [&] { return shell.screen.row(shell.screen.cursor_row() + rows); };
        bool there = shell.wait([&] { return row().rfind(wanted, 0) == 0; }, 20);
        INFO(row() << "\n" << shell.screen.visible());
        CHECK(there);
    };
    shell.send("json.encode(");
    below("json.encode(");
    shell.send("\x15trainers.sft{ ");
    below("trainers.sft{ model, data, eval, tune=\"full\", rank=8");
    shell.send("lr");
    below("trainers.sft{ lr=2e-5 }");
    std::size_t row = shell.screen.cursor_row() + 1;
    CHECK(shell.screen.style(row, 13) == "2");
    CHECK(shell.screen.style(row, 14) == "1");
    shell.send("=1, ");
    below("trainers.sft{ model, data");
    shell.send("schedule=");
    below("schedule: \"cosine\"|\"linear\"|\"constant\" = \"cosine\"");
    below("what lr does after the warm-up", 2);
    shell.send("'linear'}");
    below("");
    shell.send("\x15models.scripted{'a'}:generate('x', ");
    below("ScriptedModel:generate(");
    shell.send("\r\x03");  // Enter asks for more: the row is not in the way
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("6*7") == "42");
    CHECK(shell.screen.visible().find("ScriptedModel:generate(") == std::string::npos);
}

TEST_CASE("nothing of the user's runs for it", "[pty]") {
    Pty shell;
    shell.line("calls = 0; hit = function() calls = calls + 1 end");
    shell.line("t = setmetatable({}, {__index = hit, __call = function(self, a, b) end})");
    shell.line("debug.getinfo = function() hit() return {} end");
    for (const char* typed : {"t(", "t.x(", "t:y(", "t.x.y{ z=", "hit("}) {
        shell.send("\x15");
        shell.send(typed);
        shell.settle();
    }
    shell.send("\x15t(");
    auto below = [&] { return shell.screen.row(shell.screen.cursor_row() + 1); };
    CHECK(shell.wait([&] { return below() == "t(a, b)"; }));
    shell.send("\x15");
    CHECK(shell.ask("calls") == "0");
}
