// SPDX-License-Identifier: Apache-2.0
// How results show: datasets, tensors and reports at the width of the terminal; `:last` and last().
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <lua.hpp>

#include "pty.h"
#include "shell/object_text.h"
#include "test.h"

using namespace moonlet::test;

namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Has the shell the stdlib and the base module?
bool has_base(Pty& shell) {
    if (shell.ask("pcall(function() return #datasets.new{{a=1}} end)") == "true    1") return true;
    skip("no base module in this build");
    return false;
}

// The row of the screen that is this text; npos = none.
std::size_t row_of(const Pty& shell, const std::string& text) {
    for (std::size_t row = 0; row < 24; ++row) {
        if (shell.screen.row(row) == text) return row;
    }
    return std::string::npos;
}

}  // namespace

TEST_CASE("a dataset shows its first and last rows and its count, as wide as the screen", "[pty]") {
    {
        Pty shell;
        if (!has_base(shell)) return;
    }
    for (std::size_t columns : {20u, 80u, 200u}) {
        PtyOptions options;
        options.columns = columns;
        options.environment = {"LC_ALL=C.UTF-8"};
        Pty shell(options);
        shell.line("t = {} for i = 1, 1000 do t[i] = {n = i, text = ('word '):rep(30)} end");
        shell.line("ds = datasets.new(t)");
        shell.line("ds");
        INFO(shell.screen.visible());
        if (columns == 20) {
            CHECK(row_of(shell, "│      1 │ word w… │") < row_of(shell, "│      5 │ word w… │"));
            CHECK(row_of(shell, "│      5 │ word w… │") < row_of(shell, "│   1000 │ word w… │"));
        }
        if (columns == 80) {
            std::string words = " │ word word word word word word word word word word word word… │";
            std::size_t first = row_of(shell, "│       1" + words);
            REQUIRE(first < 24);
            CHECK(row_of(shell, "│       5" + words) == first + 4);
            CHECK(row_of(shell, "│       …" + (" │ …" + std::string(59, ' ')) + " │") == first + 5);
            CHECK(row_of(shell, "│     998" + words) == first + 6);
            CHECK(row_of(shell, "│    1000" + words) == first + 8);
            CHECK(shell.screen.row(first + 10).rfind("│ 1,000 rows (8 shown)", 0) == 0);
        }
        CHECK(shell.screen.visible().find("1,000 rows") != std::string::npos);
    }
}

TEST_CASE(":last shows the last result whole in a pager", "[pty]") {
    PtyOptions options;
    options.environment = {"PAGER=cat > paged.txt; echo paged by mine"};
    Pty shell(options);
    CHECK(shell.ask(":last") == "no result yet");
    shell.line("t = {} for i = 1, 300 do t[i] = 'item ' .. i end");
    shell.line("t");
    CHECK(shell.screen.visible().find("… 200 more") != std::string::npos);
    shell.line(":last");
    CHECK(shell.screen.visible().find("paged by mine") != std::string::npos);
    std::string paged = read_file("paged.txt");
    std::filesystem::remove("paged.txt");
    CHECK(paged.find("\"item 300\"") != std::string::npos);
    // What fits the screen needs no pager.
    shell.line("{1, 2}");
    CHECK(shell.ask(":last") == "{1, 2}");
    CHECK(shell.ask("_[2]") == "2");
}

TEST_CASE("without a pager installed there is one of our own", "[pty]") {
    PtyOptions options;
    options.environment = {"PATH=/nonexistent"};
    Pty shell(options);
    shell.line("t = {} for i = 1, 100 do t[i] = ('x'):rep(60) .. i end");
    shell.line("t;");
    shell.line("t");
    shell.send(":last\r");
    REQUIRE(shell.wait_text("-- space: more, Enter: a line, q: enough --"));
    CHECK(shell.screen.visible().find("x22\"") != std::string::npos);
    CHECK(shell.screen.visible().find("x23\"") == std::string::npos);
    shell.send("\r");
    REQUIRE(shell.wait_text("x23\""));
    shell.send(" ");
    REQUIRE(shell.wait_text("x46\""));
    shell.send("q");
    CHECK(shell.wait_prompt());
    CHECK(shell.ask("1+1") == "2");
}

TEST_CASE("the last result as CSV and JSON, to the screen, to Lua and to a file", "[pty]") {
    Pty shell;
    if (!has_base(shell)) return;
    shell.line("datasets.new{{a=1, b='x,y'}, {a=2, b='say \"hi\"'}}");
    CHECK(shell.ask(":last csv") == "a,b\n1,\"x,y\"\n2,\"say \"\"hi\"\"\"");
    CHECK(shell.ask(":last json") ==
          "[\n{\"a\":1,\"b\":\"x,y\"},\n{\"a\":2,\"b\":\"say \\\"hi\\\"\"}\n]");
    std::string path = shell.home() + "/out.csv";
    CHECK(shell.ask(":last csv ~/out.csv").rfind("wrote ", 0) == 0);
    CHECK(read_file(path) == "a,b\n1,\"x,y\"\n2,\"say \"\"hi\"\"\"\n");
    shell.line("#last():csv(), last():json('" + shell.home() + "/o.json');");
    CHECK(std::filesystem::exists(shell.home() + "/o.json"));
    shell.line("{{x = 1, y = {2}}, {x = 3}}");
    CHECK(shell.ask("last():csv()") == "x,y\n1,[2]\n3,");
    CHECK(shell.ask(":last xml").find("given 'xml'") != std::string::npos);
    shell.line("last = 5");
    CHECK(shell.ask("last") == "5");
}

TEST_CASE("a report is broken or cut at the width, the user's own text is not") {
    lua_State* L = luaL_newstate();
    luaL_newmetatable(L, "moonlet.Report");
    lua_pushliteral(L, "Report");
    lua_setfield(L, -2, "__name");
    lua_newtable(L);
    lua_pushvalue(L, -2);
    lua_setmetatable(L, -2);
    CHECK(moonlet::fit_object(L, -1, "model demo   llama · 3.7 M params", 20) ==
          "model demo   llama ·\n  3.7 M params");
    CHECK(moonlet::fit_object(L, -1, "a b\n" + std::string(30, 'x'), 20) ==
          "a b\n" + std::string(19, 'x') + "…");
    CHECK(moonlet::fit_object(L, -1, "a\n\x1b[31m" + std::string(30, 'x') + "\x1b[0m", 20) ==
          "a\n\x1b[31m" + std::string(19, 'x') + "…\x1b[0m");
    CHECK(moonlet::fit_object(L, -1, "short\n한글 wide", 20) == "short\n한글 wide");
    lua_pushboolean(L, 1);
    lua_setfield(L, -3, "__prose");
    CHECK(moonlet::fit_object(L, -1, std::string(30, 'x'), 20) == std::string(30, 'x'));
    lua_newtable(L);
    lua_newtable(L);
    lua_setmetatable(L, -2);
    CHECK(moonlet::fit_object(L, -1, std::string(30, 'x'), 20) == std::string(30, 'x'));
    lua_close(L);
}
