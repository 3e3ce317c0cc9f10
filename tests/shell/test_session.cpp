// SPDX-License-Identifier: Apache-2.0
// Locals that outlive their entry, results, and what completion and help see, in a bare state.
#include <catch2/catch.hpp>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/completer.h"
#include "shell/help.h"
#include "shell/help_search.h"
#include "shell/session.h"

using namespace moonlet;

namespace {

struct Bench {
    lua_State* L;
    Session* session;
    Bench() {
        std::string problem;
        L = open_state({false}, &problem);
        session = new Session(L, false);
    }
    ~Bench() {
        delete session;
        lua_close(L);
    }
    bool run(const std::string& text) { return session->run(text); }
    // Runs an assertion in Lua with the session's locals in reach.
    bool holds(const std::string& condition) { return run("assert(" + condition + ");"); }

    // Rows as the build embeds them.
    void embed_rows() {
        run(R"(package.preload["moonlet.registry"] = function()
          reads = (reads or 0) + 1
          return {rows={
            {name="trainers.sft", result="Trainer", library="engine",
             doc="Fine-tunes on conversations.", example="t = trainers.sft{model=m}",
             params={{name="options", type="table", optional=false}},
             options={{name="lr", type="number", default="2e-4", doc="learning rate"},
                      {name="lora_rank", type="integer", default="16", doc=""},
                      {name="epochs", type="integer", default="1", doc=""}}},
            {name="Model:generate", result="Generation", library="engine",
             doc="Continues a text.", example="",
             params={{name="prompt", type="string", optional=false},
                     {name="opts", type="table", optional=true}},
             options={{name="max_tokens", type="integer", default="256", doc="so many"}}},
            {name="Model:chat", params={}, result="Chat", doc="A conversation.", example="",
             library="engine"},
            {name="models.load", result="Model", doc="Opens a model.", library="engine",
             params={{name="path", type="string", optional=false}},
             example="m = models.load \"demo\""},
          }} end;)");
    }
};

std::vector<std::string> offered(Bench& bench, const std::string& text) {
    Rows rows(bench.L);
    Completer completer(bench.L, bench.session->locals(), rows, {{"help"}, {"history"}, {"quit"}});
    std::vector<std::string> texts;
    Completion found = completer.complete(text, text.size());
    CHECK(lua_gettop(bench.L) == 0);
    for (const auto& candidate : found.candidates) {
        texts.push_back(text.substr(0, found.begin) + candidate.text);
    }
    return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("locals survive, _G stays clean") {
    Bench b;
    b.run("names = 0 for k in pairs(_G) do names = names + 1 end;");
    CHECK(b.run("local a, b = 3, 4"));
    CHECK(b.run("local function f(n) return n == 0 and a or f(n - 1) end"));
    CHECK(b.holds("a == 3 and b == 4 and f(5) == 3"));
    CHECK(b.run("a = 10"));
    CHECK(b.holds("f(0) == 10"));
    CHECK(b.run("local now = 0 for k in pairs(_G) do now = now + 1 end assert(now == names);"));
    CHECK(b.holds("rawget(_G, 'a') == nil and rawget(_G, '_') == nil"));
}

TEST_CASE("a local declared again leaves older closures theirs") {
    Bench b;
    b.run("local a = 1");
    b.run("local function old() a = a + 1 return a end");
    b.run("local a = a + 100");
    CHECK(b.holds("a == 101"));
    CHECK(b.holds("old() == 2 and a == 101"));
    b.run("a = 7");
    CHECK(b.holds("old() == 3"));
}

TEST_CASE("closures of different entries share a variable") {
    Bench b;
    b.run("local n = 0");
    b.run("local function up() n = n + 1 end");
    b.run("local function get() return n end");
    b.run("up() up()");
    CHECK(b.holds("get() == 2 and n == 2"));
    // LuaJIT must not take n for a constant in a compiled loop.
    b.run("for i = 1, 1000 do n = n + 1 end");
    CHECK(b.holds("n == 1002"));
    b.run("for i = 1, 1000 do up() end");
    CHECK(b.holds("n == 2002 and get() == 2002"));
}

TEST_CASE("locals of blocks, of failed entries and beside returns") {
    Bench b;
    b.run("do local inner = 1 end for k = 1, 2 do local m = k end");
    CHECK(b.holds("inner == nil and m == nil and k == nil"));
    CHECK_FALSE(b.run("local before = 1 error'x' local after = 2"));
    CHECK(b.holds("before == 1 and after == nil"));
    CHECK(b.run("local r = 5 return r"));
    CHECK(b.holds("r == 5"));
    CHECK(
        b.run("local g = function() return 9 end (print)('')"
              " local h = 1; -- words\nlocal i = [[\n]] goto done local j = 1 ::done::"));
    CHECK(b.holds("h == 1 and i == ''"));
    CHECK(b.run("local function q() return 4 end (function() assert(q() == 4) end)()"));
    CHECK(b.holds("q() == 4"));
}

TEST_CASE("more than 200 locals in a session; too many at once say so") {
    Bench b;
    for (int i = 1; i <= 300; ++i) {
        std::string n = std::to_string(i);
        REQUIRE(b.run("local v" + n + " = " + n));
    }
    CHECK(b.holds("v1 + v300 == 301"));
    std::string sum = "0";
    for (int i = 1; i <= 70; ++i) sum += " + v" + std::to_string(i);
    CHECK_FALSE(b.run("x = " + sum));
}

TEST_CASE("names that only look like locals") {
    Bench b;
    b.run("local a = 1");
    CHECK(b.holds("({a = 2}).a == 2"));
    CHECK(b.run("t = {a = a, f = function(self) return self.a end}"));
    CHECK(b.holds("t:f() == 1"));
    CHECK(b.run("do local a = 5 assert(a == 5) end"));
    CHECK(b.holds("a == 1"));
}

TEST_CASE("results: _, _n, _err") {
    Bench b;
    b.run("1 + 1");    // 1
    b.run("{x = 5}");  // 2
    b.run("nil");      // 3
    CHECK(b.holds("_.x == 5 and _1 == 2 and _2.x == 5 and _3 == nil and _99 == nil"));
    CHECK_FALSE(b.run("error'broken'"));
    CHECK(b.holds("_err:find('broken') and _2.x == 5"));
    CHECK_FALSE(b.run("error({code = 3})"));
    CHECK(b.holds("_err.code == 3"));
    CHECK_FALSE(b.run("error(setmetatable({}, {__tostring = function() return 'object' end}))"));
    CHECK(b.holds("_err == 'object'"));  // as text: no error keeps memory alive
    CHECK(b.run("local _ = 1 for _, v in pairs{} do end"));
}

TEST_CASE("objects printed once are not kept alive, plain data is") {
    Bench b;
    b.run("newproxy(true)");  // 1: as a model would be, userdata
    b.run("{1, 2}");          // 2
    b.run("1");               // 3: now the last
    b.run("collectgarbage() collectgarbage()");
    CHECK(b.holds("_1 == nil and _2[2] == 2"));
}

TEST_CASE("completion never runs user code") {
    Bench b;
    b.run(R"(count = 0
        local function hit() count = count + 1 end
        trap = setmetatable({own = 1}, {__index = hit, __newindex = hit, __pairs = hit, __len = hit,
                                        __tostring = hit, __eq = hit, __call = hit})
        local parent = setmetatable({from_parent = function() end}, {__index = hit})
        deep = setmetatable({}, {__index = parent})
        setmetatable(_G, {__index = hit}))");
    CHECK(offered(b, "trap.o") == Texts{"trap.own"});
    CHECK(offered(b, "deep.f") == Texts{"deep.from_parent"});
    CHECK(offered(b, "deep:f") == Texts{"deep:from_parent"});
    CHECK(offered(b, "trap.own.") == Texts{});
    CHECK(offered(b, "missing.x") == Texts{});
    CHECK(offered(b, "trap.own['").empty());
    CHECK(offered(b, "tra") == Texts{"trap"});
    b.run("setmetatable(_G, nil);");
    CHECK(b.holds("count == 0"));
}

TEST_CASE("completion of names, members, keys and strings") {
    Bench b;
    b.run("local zebra = {stripes = 3, ['two words'] = 1, run = function() end}");
    CHECK(offered(b, "zeb") == Texts{"zebra"});
    CHECK(offered(b, "x = zebra.s") == Texts{"x = zebra.stripes"});
    CHECK(offered(b, "zebra:") == Texts{"zebra:run"});
    CHECK(offered(b, "zebra['tw") == Texts{"zebra['two words']"});
    CHECK(offered(b, "string.fo") == Texts{"string.format"});
    CHECK(offered(b, "string.f") == Texts{"string.find", "string.format"});
    CHECK(offered(b, "local s = 1 whil") == Texts{"local s = 1 while"});
    CHECK(offered(b, "-- stri").empty());
    CHECK(offered(b, "1.").empty());
    CHECK(offered(b, ":h") == Texts{":help", ":history"});
    CHECK(offered(b, "f().x").empty());
}

TEST_CASE("completion from the registry's rows") {
    Bench b;
    b.embed_rows();
    b.run("models, trainers = {}, {}");
    CHECK(offered(b, "models.l") == Texts{"models.load"});
    CHECK(offered(b, "trainers.sft{ l") == Texts{"trainers.sft{ lora_rank=", "trainers.sft{ lr="});
    CHECK(offered(b, "t = trainers.sft{lr=1, model=f({1}, 'x'), ") ==
          Texts{"t = trainers.sft{lr=1, model=f({1}, 'x'), epochs=",
                "t = trainers.sft{lr=1, model=f({1}, 'x'), lora_rank="});
    b.run("m = setmetatable({}, {__name = 'moonlet.Model'})");
    CHECK(offered(b, "m:") == Texts{"m:chat", "m:generate"});
    CHECK(offered(b, "m:generate('x', {ma") == Texts{"m:generate('x', {max_tokens="});
    CHECK(offered(b, "?Model:g") == Texts{"?Model:generate"});
    CHECK(offered(b, "?models") == Texts{"?models", "?models.load"});
}

TEST_CASE("help: rows, modules, objects, near names, the user's own") {
    Bench b;
    b.embed_rows();
    Rows rows(b.L);
    auto help = [&](const std::string& topic) {
        std::string text = help_text(b.L, b.session->locals(), rows, topic);
        CHECK(lua_gettop(b.L) == 0);
        return text;
    };
    auto has = [](const std::string& text, const std::string& part) {
        INFO(text);
        CHECK(text.find(part) != std::string::npos);
    };
    CHECK(b.holds("reads == nil"));  // not read before the first use
    has(help("trainers.sft"), "trainers.sft(options: table) -> Trainer");
    has(help("trainers.sft"), "number = 2e-4");
    has(help("trainers.sft"), "t = trainers.sft{model=m}");
    has(help("Model"), "Model:chat");
    has(help("generate"), "Continues a text.");
    b.run("m = setmetatable({}, {__name = 'Model'})");
    has(help("m"), "m is a Model");
    has(help("m:generate"), "max_tokens");
    has(help("trainers.sfd"), "did you mean trainers.sft?");
    has(help("genrate"), "Model:generate");
    has(help("stirng"), "string");
    has(help("nothing_like_it"), "nothing is known");
    b.run("local function mine(alpha, beta) end");
    has(help("mine"), "mine(alpha, beta)");
    has(help("string.format"), "built-in");
    has(help(""), "models");
    has(search_help(rows, "learning"), "trainers.sft");
    has(search_help(rows, "zzz"), "no help mentions");
    CHECK(b.holds("reads == 1"));
}

TEST_CASE("prompts: strings, functions, failures") {
    Bench b;
    CHECK(b.session->prompt("_PROMPT", "> ") == "> ");
    b.run("_PROMPT = 'lua> '");
    CHECK(b.session->prompt("_PROMPT", "> ") == "lua> ");
    b.run("local n = 0 _PROMPT = function() n = n + 1 return n .. '> ' end");
    CHECK(b.session->prompt("_PROMPT", "> ") == "1> ");
    b.run("_PROMPT = error");
    CHECK(b.session->prompt("_PROMPT", "> ") == "> ");
}
