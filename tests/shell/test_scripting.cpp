// SPDX-License-Identifier: Apache-2.0
// What a script writer meets: `moonlet init`, --strict, LuaRocks trees, completions for the
// system's shells, the manual page. LuaLS itself cannot be run here: the stubs are parsed as Lua.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "pty.h"
#include "test.h"

#include <sys/wait.h>

using namespace moonlet::test;
namespace fs = std::filesystem;

namespace {

fs::path folder(const std::string& name) {
    fs::path path = scratch() / name;
    fs::create_directories(path);
    return path;
}

std::string slurp(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool there(const std::string& program) {
    return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

// Through sh, in a folder; $M is the shell under test. Both streams come back.
std::string in_folder(const fs::path& where, const std::string& command, int* status = nullptr) {
    fs::path out = scratch() / "command.out";
    setenv("M", shell_binary().c_str(), 1);
    int code = std::system(("cd '" + where.string() + "' && { " + command + "; } >'" +
                            out.string() + "' 2>&1 </dev/null")
                               .c_str());
    if (status) *status = code;
    return slurp(out);
}

}  // namespace

TEST_CASE("moonlet init writes settings and stubs, and never over a file without saying") {
    fs::path where = folder("project");
    std::string said = in_folder(where, "$M init");
    for (const char* name :
         {".luarc.json", ".luacheckrc", ".stylua.toml", ".moonlet/moonlet.d.lua"}) {
        INFO(said);
        CHECK(has(said, std::string("written          ") + name));
        CHECK(fs::file_size(where / name) > 50);
    }
    CHECK_FALSE(has(slurp(where / ".luacheckrc"), "\"Tensor\""));
    write(where / ".luacheckrc", "mine");
    said = in_folder(where, "$M init");
    CHECK(has(said, "kept as it is    .luacheckrc"));
    CHECK(has(said, "as it should be  .luarc.json"));
    CHECK(slurp(where / ".luacheckrc") == "mine");
    CHECK(has(in_folder(where, "$M init --force"), "written over     .luacheckrc"));
    CHECK(has(slurp(where / ".luacheckrc"), "stds.moonlet"));
    int status = 0;
    in_folder(where, "$M init --nonsense", &status);
    CHECK(status != 0);
    CHECK(has(in_folder(where,
                        "$M -e 'print(type(json.decode(io.open([[.luarc.json]]):read"
                        "[[*a]])))'"),
              "table"));
}

TEST_CASE("the stubs are Lua and name every row") {
    fs::path where = folder("stubs");
    in_folder(where, "$M init");
    write(where / "check.lua",
          "local f = assert(io.open '.moonlet/moonlet.d.lua')\n"
          "local text = f:read '*a'\n"
          "assert(loadstring(text, '@stubs'))\n"
          "local count, missing = 0, {}\n"
          "for _, row in ipairs(require 'moonlet.registry'.rows) do\n"
          "  count = count + 1\n"
          "  local found = text:find('function ' .. row.name .. '(', 1, true) or\n"
          "    text:find('\\n' .. row.name .. ' = nil', 1, true) or\n"
          "    text:find('---' .. row.name .. ':', 1, true)\n"
          "  if not found then missing[#missing + 1] = row.name end\n"
          "end\n"
          "for line in text:gmatch '[^\\n]+' do\n"
          "  local tag = line:match '^%-%-%-@(%S*)'\n"
          "  if tag then assert(('meta class field param return type overload '):find(\n"
          "    tag .. ' ', 1, true), line) end\n"
          "  if line:match '^%-%-%-@param' then assert(line:match '@param [%w_.]+%?? %S+', line) "
          "end\n"
          "end\n"
          "print(count > 50, #missing, table.concat(missing, ' '))\n");
    CHECK(in_folder(where, "$M check.lua") == "true\t0\t\n");
}

TEST_CASE("our examples are clean under luacheck") {
    if (!there("luacheck")) return skip("no luacheck here (Debian's package lua-check)");
    fs::path where = folder("luacheck");
    in_folder(where, "$M init");
    int status = 0;
    std::string said = in_folder(
        root(), "luacheck -q --config '" + (where / ".luacheckrc").string() + "' examples",
        &status);
    INFO(said);
    CHECK(status == 0);
}

TEST_CASE("--strict names the global that was meant, and without it nothing changes") {
    Output result = run_shell({"--strict", "-e", "local x = modles"});
    CHECK(result.status == 1);
    CHECK(has(result.err, "global 'modles' is not declared; did you mean 'models'?"));
    result = run_shell({"--strict", "-e", "function helper() end"});
    CHECK(result.status == 1);
    CHECK(has(result.err, "global 'helper' is not declared"));
    result = run_shell({"--strict", "-e", "rawset(_G, 'n', 3) n = n + 1 print(n, _PROMPT)"});
    CHECK(result.out == "4\tnil\n");
    result = run_shell({"--strict", "-e", "print(models.scripted{'a'}:generate('x'))"});
    INFO(result.err);
    CHECK(result.out == "a\n");
    result = run_shell({"-e", "x = undefined_name print(x)"});
    CHECK(result.out == "nil\n");
    CHECK(result.err.empty());
    // What a rock does with globals is its own affair.
    fs::path home = folder("strict_home");
    write(home / ".luarocks/share/lua/5.1/loose.lua", "loose_global = ngx return 7");
    result = run_shell({"--strict", "-e", "print(require 'loose')"}, "",
                       {"HOME=" + home.string(), "LUA_PATH=;;"});
    INFO(result.err);
    CHECK(result.out == "7\n");
}

TEST_CASE("modules of a LuaRocks tree load, Lua and C") {
    fs::path home = folder("rocks_home");
    write(home / ".luarocks/share/lua/5.1/pure/init.lua", "return { name = 'pure', n = ... }");
    write(home / ".luarocks/share/lua/5.1/pure/part.lua", "return 'part'");
    std::vector<std::string> environment = {"HOME=" + home.string(), "LUA_PATH=;;"};
    Output result =
        run_shell({"-e", "print(require 'pure'.name, require 'pure.part')"}, "", environment);
    INFO(result.err);
    CHECK(result.out == "pure\tpart\n");
    CHECK(run_shell({"-e", "require 'pure'"}, "", {environment[0], "LUA_PATH=./?.lua"}).status ==
          1);
    CHECK(run_shell({"-E", "-e", "require 'pure'"}, "", {environment[0], "LUA_PATH=./?.lua"})
              .status == 0);

    if (!there("cc")) return skip("no C compiler for the module in C");
    write(home / "native.c",
          "#include <lua.h>\n#include <lauxlib.h>\n"
          "static int twice(lua_State *L) {\n"
          "  lua_pushnumber(L, 2 * luaL_checknumber(L, 1)); return 1; }\n"
          "static const luaL_Reg functions[] = {{\"twice\", twice}, {0, 0}};\n"
          "int luaopen_native(lua_State *L) {\n"
          "  luaL_register(L, \"native\", functions); return 1; }\n");
    fs::path library = home / ".luarocks/lib/lua/5.1/native.so";
    fs::create_directories(library.parent_path());
    int status = 0;
    std::string said = in_folder(
        home, "cc -shared -fPIC -I'" LUA_HEADERS "' -o '" + library.string() + "' native.c",
        &status);
    INFO(said);
    REQUIRE(status == 0);
    result = run_shell({"-e", "print(require 'native'.twice(21))"}, "", environment);
    INFO(result.err);
    CHECK(result.out == "42\n");
}

TEST_CASE("completions: bash completes by them, zsh and fish read them") {
    fs::path where = folder("completions");
    int status = 0;
    in_folder(where,
              "$M completions bash >c.bash && $M completions zsh >_moonlet && "
              "$M completions fish >moonlet.fish",
              &status);
    REQUIRE(status == 0);
    write(where / "script.lua", "");
    write(where / "other.txt", "");
    auto complete = [&](const std::string& words, int at) {
        return in_folder(where, "bash -c '. ./c.bash; COMP_WORDS=(moonlet " + words +
                                    "); COMP_CWORD=" + std::to_string(at) +
                                    "; _moonlet; echo ${COMPREPLY[@]}'");
    };
    CHECK(complete("--repl", 1) == "--replay\n");
    CHECK(complete("--str", 1) == "--strict\n");
    CHECK(complete("scr", 1) == "script.lua\n");
    CHECK(complete("oth", 1) == "\n");
    CHECK(complete("completions z", 2) == "zsh\n");
    CHECK(has(complete("\"\"", 1), "init completions man"));
    CHECK(has(slurp(where / "_moonlet"), "#compdef moonlet"));
    if (there("zsh")) {
        CHECK(in_folder(where, "zsh -n _moonlet").empty());
    } else {
        skip("no zsh to read its completions");
    }
    if (there("fish")) CHECK(in_folder(where, "fish --no-execute moonlet.fish").empty());
    Output wrong = run_shell({"completions", "tcsh"});
    CHECK(wrong.status == 2);
    CHECK(has(wrong.err, "bash, zsh and fish"));
}

TEST_CASE("the manual page has options, commands and functions, and formats without a warning") {
    Output page = run_shell({"man"});
    CHECK(page.status == 0);
    for (const char* part : {".TH MOONLET 1", "\\-\\-strict", ":time", "models.load", ".SH FILES"})
        CHECK(has(page.out, part));
    for (char c : page.out) REQUIRE((c == '\n' || c == '\t' || (c >= ' ' && c < 127)));
    fs::path where = folder("man");
    write(where / "moonlet.1", page.out);
    if (there("mandoc")) CHECK(in_folder(where, "mandoc -Tlint -W error moonlet.1").empty());
    if (!there("groff")) return skip("no groff to format the page");
    CHECK(in_folder(where, "groff -man -ww -Tutf8 moonlet.1 >/dev/null").empty());
    CHECK(has(in_folder(where, "groff -man -Tutf8 -P -cbou moonlet.1"), "--strict"));
}

TEST_CASE("a script with the name of a subcommand is a script") {
    fs::path where = folder("named");
    write(where / "man", "print 'mine'");
    CHECK(in_folder(where, "$M man") == "mine\n");
}

TEST_CASE("a script ended by Ctrl-C leaves 130") {
    fs::path where = folder("interrupted");
    write(where / "loop.lua", "print 'on' io.stdout:flush() while true do end");
    Pty pty({.arguments = {(where / "loop.lua").string()}, .wait_for_prompt = false});
    REQUIRE(pty.wait_text("on"));
    pty.send("\x03");
    int status = pty.wait_exit();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 130);
}
