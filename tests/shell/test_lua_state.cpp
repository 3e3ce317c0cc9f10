// SPDX-License-Identifier: Apache-2.0
// The interrupt without a terminal: what a native call sees and leaves behind, and that unwinding
// through Lua runs destructors. Also what open_state promises.
#include <catch2/catch.hpp>

#include <csignal>
#include <string>

#include "bindings/lua_state.h"

using namespace moonlet;

namespace {

struct State {
    lua_State* L;
    State() {
        std::string problem;
        L = open_state({false}, &problem);
        REQUIRE(L);
        REQUIRE(problem.empty());
        install_interrupt(L, 0);
        reset_interrupt();
    }
    ~State() {
        reset_interrupt();
        std::signal(SIGINT, SIG_DFL);
        lua_close(L);
    }
    CallStatus run(const char* code) {
        REQUIRE(luaL_loadstring(L, code) == 0);
        return call_protected(L, 0, 0, nullptr);
    }
    double number(const char* name) {
        lua_getglobal(L, name);
        double value = lua_tonumber(L, -1);
        lua_pop(L, 1);
        return value;
    }
};

// An engine call during which Ctrl-C is pressed: returns its partial result and says so.
int partial_result(lua_State* L) {
    std::raise(SIGINT);
    auto* flag = static_cast<std::atomic<int>*>(nullptr);
    lua_getfield(L, LUA_REGISTRYINDEX, kInterruptFlagKey);
    flag = static_cast<std::atomic<int>*>(lua_touserdata(L, -1));
    if (flag->load() == kInterruptRequested) flag->store(kInterruptDelivered);
    lua_pushinteger(L, 7);
    return 1;
}

int destroyed = 0;
struct Counted {
    ~Counted() { ++destroyed; }
};

int calls_back(lua_State* L) {
    Counted counted;
    lua_pushvalue(L, 1);
    lua_call(L, 0, 0);
    return 0;
}

}  // namespace

TEST_CASE("a delivered partial result is assigned, and the chunk may go on for a while") {
    State state;
    lua_register(state.L, "partial", partial_result);
    CHECK(state.run("g = partial() n = 0 for i = 1, 1000 do n = n + 1 end") == CallStatus::ok);
    CHECK(state.number("g") == 7);
    CHECK(state.number("n") == 1000);
}

TEST_CASE("but not for ever, and a second delivery gets no second grace") {
    State state;
    lua_register(state.L, "partial", partial_result);
    CHECK(state.run("n = 0 g = partial() while true do n = n + 1 end") == CallStatus::interrupted);
    CHECK(state.number("g") == 7);
    CHECK(state.number("n") > 100);
    CHECK(state.number("n") < kInterruptGrace);
    reset_interrupt();
    CHECK(state.run("while true do g = pcall(partial) end") == CallStatus::interrupted);
    CHECK_FALSE(interrupt_location().empty());
}

TEST_CASE("an interrupt from before the call ends it at once, unless it was reset") {
    State state;
    std::raise(SIGINT);
    CHECK(state.run("done = 1") == CallStatus::interrupted);
    CHECK(state.number("done") == 0);
    reset_interrupt();
    CHECK(state.run("done = 1") == CallStatus::ok);
    CHECK(state.number("done") == 1);
    CHECK(interrupt_flag().load() == kInterruptNone);
}

TEST_CASE("outside a protected call nothing is thrown") {
    State state;
    std::raise(SIGINT);
    CHECK(luaL_dostring(state.L, "x = 1 for i = 1, 100 do x = x + 1 end") == 0);
    CHECK(state.number("x") == 101);
}

TEST_CASE("unwinding runs the destructors of C++ frames between Lua frames") {
    State state;
    lua_register(state.L, "calls_back", calls_back);
    lua_register(state.L, "partial", partial_result);
    destroyed = 0;
    CHECK(state.run("pcall(calls_back, function() error'x' end)") == CallStatus::ok);
    CHECK(destroyed == 1);
    CHECK(state.run("calls_back(function() partial() while true do end end)") ==
          CallStatus::interrupted);
    CHECK(destroyed == 2);
}

TEST_CASE("a C++ exception without a trampoline reads as LuaJIT's text") {
    // The bindings rely on it: external unwinding, pcall stops any exception.
    State state;
    lua_register(state.L, "throws", [](lua_State*) -> int { throw 42; });
    CHECK(state.run("ok, text = pcall(throws) assert(not ok and text == 'C++ exception')") ==
          CallStatus::ok);
}

TEST_CASE("native modules are looked for beside the program, LUA_PATH is ignored with -E") {
    State state;
    lua_getglobal(state.L, "package");
    lua_getfield(state.L, -1, "cpath");
    std::string cpath = lua_tostring(state.L, -1);
    CHECK(cpath.rfind(program_folder() + "/?.so;", 0) == 0);
    lua_pop(state.L, 2);
}
