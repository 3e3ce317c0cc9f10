// SPDX-License-Identifier: Apache-2.0
// Complete, incomplete or wrong; where the caret stands; indentation; which locals a chunk
// declares.
#include <catch2/catch.hpp>

#include <lua.hpp>

#include "shell/chunk_scan.h"
#include "shell/lexer.h"
#include "shell/parse_state.h"

using namespace moonlet;

namespace {

ParsedEntry parse(const std::string& text) {
    static lua_State* L = luaL_newstate();
    ParsedEntry entry = parse_entry(L, text, "=(1)");
    REQUIRE(lua_gettop(L) == 0);
    return entry;
}

ParseState state(const std::string& text) { return parse(text).state; }

}  // namespace

TEST_CASE("complete entries") {
    for (const char* text : {"1+1", "x = 1", "=1+1", "1, nil, 3", "f()", "local a", "return 1", "",
                             "-- only words", "for i=1,3 do end", "f{a=1}", "x = [[\n]]", "1;",
                             "x = 'a' -- (", "goto done ::done::", "f'x':y{1}.z = 4"}) {
        INFO(text);
        CHECK(state(text) == ParseState::complete);
    }
}

TEST_CASE("entries that want more") {
    for (const char* text : {"for i=1,3 do", "function f(", "x = ", "1 +", "f(", "{1, 2", "x = [[",
                             "--[[ text", "if x then", "if x then y() else", "'a\\", "return 1,",
                             "repeat", "local function f()", "a.b.", "=1 +", "(1 +\n\n"}) {
        INFO(text);
        CHECK(state(text) == ParseState::incomplete);
    }
}

TEST_CASE("entries that are wrong are wrong at once, with a caret") {
    struct Case {
        const char* text;
        std::size_t line, column;
    };
    for (auto [text, line, column] :
         std::initializer_list<Case>{{")", 1, 0},
                                     {"1 + * 2", 1, 4},
                                     {"x = = 1", 1, 4},
                                     {"x y", 1, 2},
                                     {"for i=1,3 do\n  f())\nend", 2, 5},
                                     {"x = 'abc", 1, 4},
                                     {"f(1))", 1, 4},
                                     {"local = 3", 1, 6},
                                     {"a.b = 1 2", 1, 8},
                                     {"end", 1, 0},
                                     {"if x then }", 1, 10}}) {
        INFO(text);
        ParsedEntry entry = parse(text);
        CHECK(entry.state == ParseState::error);
        CHECK(entry.message.rfind("(1):", 0) == 0);
        CHECK(entry.error_line == line);
        CHECK(entry.error_column == column);
    }
}

TEST_CASE("expressions, statements and silence") {
    CHECK(parse("1+1").expression);
    CHECK(parse("f()").expression);
    CHECK(parse("= x").expression);
    CHECK_FALSE(parse("x = 1").expression);
    CHECK(parse("1+1;").silent);
    CHECK(parse("1+1; -- quiet").silent);
    CHECK_FALSE(parse("1+1 -- not this one;").silent);
    CHECK_FALSE(parse("';'").silent);
}

TEST_CASE("top-level locals of a chunk") {
    auto scan = scan_chunk(
        "local a, b = 1 do local no = 2 end\n"
        "local function f(x) local inner return x end (g)()\n"
        "for i = 1, 2 do local y end local t = {f = function() local z end}",
        false);
    REQUIRE(scan.valid);
    REQUIRE(scan.locals.size() == 3);
    CHECK(scan.locals[0].names == std::vector<std::string>{"a", "b"});
    CHECK(scan.locals[0].end == 14);
    CHECK(scan.locals[1].names == std::vector<std::string>{"f"});
    CHECK(scan.locals[1].call_would_follow);
    CHECK(scan.locals[2].names == std::vector<std::string>{"t"});
}

TEST_CASE("the recogniser takes what LuaJIT takes") {
    for (const char* text :
         {"a.b['c']:d'x'{1}(2).e = f, g", "x = not -#'a' .. 2^-3 % 4",
          "while a do if b then break end end repeat local c until c",
          "for k, v in pairs(t) do t[k] = nil end", "return function(...) return ... end",
          "x = {[1]=2; y=3, 'z', f(), ...}",
          "goto continue ::continue::", "local goto_ = 0x1p4 + 1e-3",
          "x = a and b or not c == d ~= e <= f", ";", "f [[long]] g = [==[ ]] ]==]"}) {
        INFO(text);
        bool lua = state(text) == ParseState::complete;
        CHECK(scan_chunk(text, false).valid == lua);
    }
}

TEST_CASE("indentation follows the innermost opener") {
    CHECK(indentation("for i=1,3 do", false) == 2);
    CHECK(indentation("for i=1,3 do\n  if x then", false) == 4);
    CHECK(indentation("for i=1,3 do\n  if x then", true) == 2);
    CHECK(indentation("f({", false) == 2);
    CHECK(indentation("if x then y() else", false) == 2);
    CHECK(indentation("do end", false) == 0);
    CHECK(indentation("x = [[ do", false) == 0);
    CHECK(indentation("f(function()\n  return 1\nend", false) == 2);
}
