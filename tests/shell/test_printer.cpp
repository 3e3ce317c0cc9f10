// SPDX-License-Identifier: Apache-2.0
// Values as text.
#include <catch2/catch.hpp>

#include <lua.hpp>

#include "shell/printer.h"

using namespace moonlet;

namespace {

std::string show(const std::string& code, PrintLimits limits = {}) {
    lua_State* L = luaL_newstate();
    luaL_openlibs(L);
    lua_getglobal(L, "tostring");
    lua_setfield(L, LUA_REGISTRYINDEX, "moonlet.tostring");
    REQUIRE(luaL_loadstring(L, code.c_str()) == 0);
    REQUIRE(lua_pcall(L, 0, LUA_MULTRET, 0) == 0);
    int count = lua_gettop(L);
    std::string text = format_values(L, 1, count, limits);
    CHECK(lua_gettop(L) == count);
    lua_close(L);
    return text;
}

}  // namespace

TEST_CASE("plain values") {
    CHECK(show("return 1, nil, 'x', true, 0.1, 1e100, 2^53") ==
          "1\tnil\tx\ttrue\t0.1\t1e+100\t9.007199254741e+15");
    CHECK(show("return 'a\\nb'") == "a\nb");
    CHECK(show("return 1LL, 2ULL") == "1LL\t2ULL");
    CHECK(show("return print") == "function: built in");
    CHECK(show("return function() end").rfind("function: ", 0) == 0);
}

TEST_CASE("tables: array first, then sorted keys, quoted strings") {
    CHECK(show("return {}") == "{}");
    CHECK(show("return {3, 'x\\n\"', {y=1}, b=2, a=1, ['two words']=3, [10]=4, [true]=5}") ==
          R"({3, "x\n\"", {y = 1}, [10] = 4, a = 1, b = 2, ["two words"] = 3, [true] = 5})");
    CHECK(show("return {['end']=1, ['한']=2}") == R"({["end"] = 1, 한 = 2})");
}

TEST_CASE("cycles are marked, shared tables are not") {
    CHECK(show("local t = {} t.self = t return t") == "{self = <cycle>}");
    CHECK(show("local s = {1} return {s, s}") == "{{1}, {1}}");
}

TEST_CASE("limits of depth, items and width") {
    CHECK(show("return {{{{{{{1}}}}}}}") == "{{{{{{…}}}}}}");
    PrintLimits few;
    few.items = 3;
    CHECK(show("local t = {} for i=1,1e6 do t[i]=i end return t", few) ==
          "{1, 2, 3, … 999,997 more}");
    CHECK(show("return {a=1,b=2,c=3,d=4}", few) == "{a = 1, b = 2, c = 3, … 1 more}");
    PrintLimits narrow;
    narrow.width = 20;
    CHECK(show("return {name='a longer text', list={1,2,3}}", narrow) ==
          "{\n  list = {1, 2, 3},\n  name = \"a longer text\",\n}");
    std::string numbers = show("local t = {} for i=1,30 do t[i]=i*100 end return t", narrow);
    CHECK(numbers.find("\n  100, 200, 300,") != std::string::npos);
}

TEST_CASE("objects say what they are") {
    CHECK(show("return setmetatable({}, {__tostring=function() return 'thing' end})") == "thing");
    CHECK(show("return {setmetatable({}, {__tostring=function() return 'a\\nb' end})}") == "{a…}");
    CHECK(show("return setmetatable({1}, {__name='Class'})") == "Class {1}");
    std::string failing =
        show("return setmetatable({}, {__name='Bad', __tostring=function() error'why' end})");
    CHECK(failing.rfind("Bad: 0x", 0) == 0);
    CHECK(failing.find("__tostring failed") != std::string::npos);
    CHECK(show("return setmetatable({}, {__tostring=function() end})").find("gave no string") !=
          std::string::npos);
}

TEST_CASE("metamethods of the user's are not run") {
    CHECK(show("return setmetatable({1}, {__index=error, __len=error, __pairs=error, "
               "__metatable='locked'})") == "{1}");
}

TEST_CASE("very long strings are cut with a word about it") {
    std::string text = show("return ('x'):rep(1e6)");
    CHECK(text.size() < 70000);
    CHECK(text.find("1,000,000 bytes") != std::string::npos);
}
