// SPDX-License-Identifier: Apache-2.0
// The program as other programs see it: flags, scripts, standard input, environment, exit codes.
#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "pty.h"
#include "shell/options.h"
#include "test.h"

using namespace moonlet::test;

namespace {

std::string script_file(const std::string& text) {
    static int count = 0;
    std::string path = (scratch() / ("script" + std::to_string(++count) + ".lua")).string();
    std::ofstream(path) << text;
    return path;
}

std::string out(const std::vector<std::string>& arguments, const std::string& input = "",
                const std::vector<std::string>& environment = {}) {
    Output result = run_shell(arguments, input, environment);
    INFO(result.err);
    CHECK(result.status == 0);
    return result.out;
}

}  // namespace

TEST_CASE("-e and -l run in order, and nothing else is printed") {
    CHECK(out({"-e", "print(1)"}) == "1\n");
    CHECK(out({"-e", "a = 1", "-eprint(a + 1)", "-l", "string", "-lio"}) == "2\n");
    CHECK(out({"-e", ""}) == "");
    CHECK(out({"-e", "print(...)"}) == "\n");
}

TEST_CASE("scripts get arg and ...") {
    std::string path =
        script_file("#!/usr/bin/env moonlet\nprint(arg[0], arg[1], #arg, arg[-1], ...)");
    CHECK(out({path, "x", "-y"}) == path + "\tx\t2\t" + shell_binary() + "\tx\t-y\n");
    CHECK(out({"-e", "z=1", path}) == path + "\tnil\t0\tz=1\n");
    CHECK(out({"--", path}) == path + "\tnil\t0\t--\n");
    CHECK(out({"-", "q"}, "print(arg[0], ...)") == "-\tq\n");
}

TEST_CASE("standard input that is no terminal is a script") {
    CHECK(out({}, "print(2)\nlocal a = 1\nlocal b = a + 1 print(b)") == "2\n2\n");
    CHECK(out({"-i"}, "1+1\n").find("> 2\n") != std::string::npos);
}

TEST_CASE("errors go to stderr with a traceback, and the exit code says so") {
    auto result = run_shell({"-e", "error'x'"});
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    CHECK(result.err.find("(command line):1: x") != std::string::npos);
    CHECK(run_shell({"-e", "x ="}).status == 1);
    CHECK(run_shell({"-l", "no_such_module"}).status == 1);
    CHECK(run_shell({"/no/such/file.lua"}).status == 1);
    result = run_shell({script_file("local function f() error{code=3} end\nf()")});
    CHECK(result.status == 1);
    CHECK(result.err.find("{code = 3}") != std::string::npos);
    CHECK(result.err.find("in function 'f'") != std::string::npos);
    CHECK(run_shell({"-e", "error'first'", "-e", "print'second'"}).out.empty());
    CHECK(run_shell({"-e", "os.exit(7)"}).status == 7);
    CHECK(run_shell({"--nonsense"}).status == 2);
    CHECK(run_shell({"-e"}).status == 2);
}

TEST_CASE("LUA_INIT runs first, as a chunk or a file, and -E leaves it out") {
    CHECK(out({"-e", "print(x)"}, "", {"LUA_INIT=x=5"}) == "5\n");
    CHECK(out({"-E", "-e", "print(x)"}, "", {"LUA_INIT=x=5"}) == "nil\n");
    std::string path = script_file("x = 'file'");
    CHECK(out({"-e", "print(x)"}, "", {"LUA_INIT=@" + path}) == "file\n");
    CHECK(run_shell({"-e", "print(1)"}, "", {"LUA_INIT=error'no'"}).status == 1);
}

TEST_CASE("-v and --help say it and end") {
    CHECK(out({"-v"}).rfind("moonlet 0.", 0) == 0);
    CHECK(out({"--version"}) == out({"-v"}));
    CHECK(out({"-v", "-e", "print(1)"}).find("\n1\n") != std::string::npos);
    CHECK(out({"--help"}).rfind("usage: moonlet", 0) == 0);
}

TEST_CASE("the state is Lua's own but for the promised names") {
    CHECK(
        out({"-e", "print(print == require'_G'.print, type(debug.sethook), type(require'ffi'))"}) ==
        "true\tfunction\ttable\n");
    // 5.2 compatibility
    CHECK(out({"-e", "print(#setmetatable({}, {__len=function() return 7 end}))"}) == "7\n");
}

TEST_CASE("the command line is parsed as lua parses it") {
    using moonlet::parse_options;
    auto options = parse_options({"moonlet", "-i", "-E", "s.lua", "-e", "x"});
    CHECK(options.interactive);
    CHECK_FALSE(options.environment);
    CHECK(options.script == 3);
    CHECK(options.actions.empty());
    CHECK(parse_options({"moonlet"}).script == 0);
    CHECK(parse_options({"moonlet", "-l"}).error == "-l needs an argument");
}

TEST_CASE("no LibTorch before it is used") {
    std::string maps = out({"-e", "for line in io.lines('/proc/self/maps') do print(line) end"});
    CHECK(maps.find("libtorch") == std::string::npos);
    CHECK(maps.find("libmoonlet_engine") == std::string::npos);
}
