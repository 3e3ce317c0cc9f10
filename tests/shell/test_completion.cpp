// SPDX-License-Identifier: Apache-2.0
// What Tab finds, source by source, with the registry's real rows; and that it runs nothing of the
// user's. Through the program: a bare state has no rows.
#include <catch2/catch.hpp>

#include <lua.hpp>

#include <filesystem>
#include <fstream>

#include "bindings/lua_state.h"
#include "pty.h"
#include "shell/call_site.h"
#include "shell/completer.h"
#include "shell/fuzzy.h"
#include "shell/session.h"
#include "test.h"

using namespace moonlet;
using moonlet::test::Pty;
using moonlet::test::PtyOptions;
using Texts = std::vector<std::string>;

namespace {

std::string call_text(std::string_view text) {
    auto tokens = lex(text);
    auto call = call_at(text, tokens);
    if (!call) return "none";
    std::string out = chain_at(text, tokens, call->callee_end).dotted();
    out += " " + std::to_string(call->argument + 1);
    if (call->in_table) out += call->nested ? " nested" : " table";
    if (!call->key.empty()) out += " " + call->key;
    return out;
}

struct Bench {
    lua_State* L;
    std::unique_ptr<Session> session;
    std::unique_ptr<Rows> rows;
    std::unique_ptr<Completer> completer;
    Bench() {
        std::string problem;
        L = open_state({false}, &problem);
        session = std::make_unique<Session>(L, false);
        rows = std::make_unique<Rows>(L);
        completer =
            std::make_unique<Completer>(L, session->locals(), *rows,
                                        std::vector<CommandName>{{"demo", "file"},
                                                                 {"help", "[words]"},
                                                                 {"save", "file [var]"},
                                                                 {"theme", "[light|dark|auto]"},
                                                                 {"time", "code"}});
        run(R"(package.preload["moonlet.registry"] = function() return {rows={
            {name="trainers.sft", result="Trainer", doc="", options={
              {name="model", type="Model", doc=""},
              {name="tune", type='"full"|"lora"', default='"full"', doc=""},
              {name="packing", type="boolean", default="false", doc=""},
              {name="tools", type="table", doc=""},
              {name="reader", type="string", doc="jsonl, json or csv; absent: by name"}}},
            {name="models.load", result="Model", doc="Opens.",
             params={{name="name", type="string"}}},
            {name="datasets.load", result="Dataset", doc="",
             params={{name="path", type="string"}}},
            {name="Dataset:filter", result="Dataset", doc="", params={{name="keep"}}},
            {name="Dataset:column", result="table", doc="", params={{name="name", type="string"}}},
            {name="Model:save", result="", doc="", params={{name="folder", type="string"}}},
            {name="Model:__len", result="", doc=""},
            {name="Model:chat", result="Chat", doc="", params={}},
            {name="Chat:edit", result="Chat", doc="", params={}},
            {name="tools.calculator", result="Tool", doc="", params={}},
          }} end;)");
        run("models, trainers, datasets = {}, {}, {};");
    }
    ~Bench() {
        session.reset();
        lua_close(L);
    }
    bool run(const std::string& text) { return session->run(text); }
    Texts offered(const std::string& text) {
        Texts texts;
        Completion found = completer->complete(text, text.size());
        CHECK(lua_gettop(L) == 0);
        for (const auto& candidate : found.candidates) texts.push_back(candidate.text);
        return texts;
    }
};

}  // namespace

TEST_CASE("how well names fit") {
    CHECK(match_score("st", "string") == 0);
    CHECK(match_score("", "x") == 0);
    CHECK(match_score("ST", "string") == 1);
    CHECK(match_score("tbl", "table") > 1);
    CHECK(match_score("mt", "max_tokens") > 1);
    CHECK(match_score("tokens", "max_tokens") > 1);
    CHECK(match_score("mt", "max_tokens") < match_score("mkn", "max_tokens"));
    CHECK(match_score("gen", "loadGenerator") > 1);
    CHECK(match_score("oad", "load") == kNoMatch);  // not from within a word
    CHECK(match_score("s", "tostring") == kNoMatch);
    CHECK(match_score("stx", "string") == kNoMatch);
    CHECK(match_score("strings", "string") == kNoMatch);
}

TEST_CASE("the call at the cursor") {
    CHECK(call_text("f(") == "f 1");
    CHECK(call_text("a.b:c(x, g(1), ") == "a.b:c 3");
    CHECK(call_text("f(1, g(2, ") == "g 2");
    CHECK(call_text("f(1)") == "none");
    CHECK(call_text("f{ a = 1, b = ") == "f 1 table b");
    CHECK(call_text("m:g('x', { top = 1, ") == "m:g 2 table");
    CHECK(call_text("f{ a = { b = ") == "f 1 nested a");
    CHECK(call_text("f(function(x) return ") == "none");
    CHECK(call_text("f(function(x) return 1 end, ") == "f 2");
    CHECK(call_text("function f(a, ") == "none");
    CHECK(call_text("local t = { ") == "none");
    CHECK(call_text("if (a and ") == "none");
    CHECK(call_text("f(t[1], { 1, 2 }, ") == "f 3");
    CHECK(call_text("f -- (\n(") == "f 1");
    CHECK(call_text("models.load('x'):g(") == "g 1");
}

TEST_CASE("options: what a value may be") {
    Bench b;
    CHECK(b.offered("trainers.sft{ tu") == Texts{"tune="});
    CHECK(b.offered("trainers.sft{ tune=") == Texts{"\"full\"", "\"lora\""});
    CHECK(b.offered("trainers.sft{ tune=\"") == Texts{"full", "lora"});
    CHECK(b.offered("trainers.sft{ tune='l") == Texts{"lora"});
    CHECK(b.offered("trainers.sft{ reader = \"") == Texts{"csv", "json", "jsonl"});
    CHECK(b.offered("trainers.sft{ packing = ") == Texts{"false", "true"});
    b.run("m = setmetatable({}, {__name = 'moonlet.Model'});");
    b.run("local other = setmetatable({}, {__name = 'moonlet.ScriptedModel'});");
    CHECK(b.offered("trainers.sft{ model = ") == Texts{"m", "other"});
    b.run("add = setmetatable({}, {__name = 'moonlet.Tool'});");
    CHECK(b.offered("trainers.sft{ tools = { ") == Texts{"add", "tools.calculator"});
    b.run("local train = trainers.sft;");
    b.run("trainers.sft = function() end local train = trainers.sft;");
    CHECK(b.offered("train{ tun") == Texts{"tune="});  // the same function by another name
    CHECK(b.offered("trainers.sft{ nosuch=\"x").size() == 0);
}

TEST_CASE("members: through metatables, of results, of rows") {
    Bench b;
    CHECK(b.offered("models.load('x'):") == Texts{"chat", "save"});
    CHECK(b.offered("models.load 'x':chat{}:e") == Texts{"edit"});
    CHECK(b.offered("('x'):upp") == Texts{"upper"});
    b.run("s = 'text';");
    CHECK(b.offered("s:rev") == Texts{"reverse"});
    b.run("t = {['two words'] = 1, ['a-b'] = 2, plain = 3};");
    CHECK(b.offered("t.p") == Texts{"plain"});
    CHECK(b.offered("t['") == Texts{"a-b']", "plain']", "two words']"});
    CHECK(b.offered("t[\"tw") == Texts{"two words\"]"});
    CHECK(b.offered("local q = {} q.") == Texts{});  // not known before it runs
    CHECK(b.offered("local quince = 1 return qui") == Texts{"quince"});
    CHECK(b.offered("function f(parameter) return para") == Texts{"parameter"});
    CHECK(b.offered("PRI") == Texts{"print"});
    CHECK(b.offered("gmt") == Texts{"getmetatable"});
}

TEST_CASE("commands and their arguments") {
    Bench b;
    CHECK(b.offered(":t") == Texts{"theme", "time"});
    CHECK(b.offered(":theme ") == Texts{"auto", "dark", "light"});
    CHECK(b.offered(":theme l") == Texts{"light"});
    CHECK(b.offered(":time string.fo") == Texts{"format"});
    CHECK(b.offered(":help models.l") == Texts{"load"});
    CHECK(b.offered("?models.l") == Texts{"load"});
    CHECK(b.offered("??models.l") == Texts{"load"});
    b.run("variable = 1;");
    CHECK(b.offered(":save x.lua varia") == Texts{"variable"});
}

TEST_CASE("paths: folders, blanks, and the extensions that fit") {
    Bench b;
    auto folder = test::scratch() / "paths";
    std::filesystem::create_directories(folder / "sub dir");
    for (const char* name : {"a b.jsonl", "c.csv", "d.png", "E.LUA", ".hidden.csv"}) {
        std::ofstream(folder / name) << "x";
    }
    std::string start = folder.string() + "/";
    auto names = [&](const std::string& before, const std::string& typed) {
        Texts texts;
        for (auto& text : b.offered(before + "\"" + start + typed)) {
            texts.push_back(text.substr(start.size()));
        }
        return texts;
    };
    CHECK(names("io.open(", "") == Texts{"E.LUA", "a b.jsonl", "c.csv", "d.png", "sub dir/"});
    CHECK(names("datasets.load(", "") == Texts{"a b.jsonl", "c.csv", "sub dir/"});
    CHECK(names("datasets.load ", "") == Texts{"a b.jsonl", "c.csv", "sub dir/"});
    CHECK(names("datasets.load(", "d") == Texts{"d.png"});  // better than nothing
    CHECK(names("dofile(", "") == Texts{"E.LUA", "sub dir/"});
    CHECK(names("x = ", ".") == Texts{".hidden.csv"});
    b.run("m = setmetatable({}, {__name = 'moonlet.Model'});");
    CHECK(names("m:save(", "") == Texts{"sub dir/"});  // it takes a folder
    Texts lua;
    for (auto& text : b.offered(":demo " + start)) lua.push_back(text.substr(start.size()));
    CHECK(lua == Texts{"E.LUA", "sub dir/"});
}

TEST_CASE("completion calls nothing of the user's") {
    Bench b;
    b.run(R"(count = 0
        local function hit() count = count + 1 end
        local traps = {__index = hit, __newindex = hit, __pairs = hit, __ipairs = hit, __len = hit,
                       __tostring = hit, __eq = hit, __call = hit, __concat = hit,
                       __name = 'moonlet.Dataset',
                       __known_columns = hit, __methods = {adapters = hit}}
        trap = setmetatable({own = 1, sub = setmetatable({}, traps)}, traps)
        proxy = newproxy(true)
        for name, f in next, traps do getmetatable(proxy)[name] = f end
        mine = function(a, b) end
        debug.getinfo = hit
        setmetatable(_G, traps))");
    for (const char* text : {"trap.",
                             "trap:",
                             "trap.sub.",
                             "trap.own.",
                             "trap['",
                             "trap{ ",
                             "trap(",
                             "trap:column('",
                             "trap:filter(function(row) return row.",
                             "trap[1].",
                             "proxy.",
                             "proxy:use('",
                             "proxy:",
                             "proxy:column(\"",
                             "mine(",
                             "missing.x",
                             "trap.sub:adapter{ adapter='",
                             "tr",
                             "PROX",
                             ":time trap.",
                             "?trap.",
                             "trainers.sft{ model=",
                             "trainers.sft{ tools={ "}) {
        INFO(text);
        b.offered(text);
    }
    CHECK(b.run("assert(rawget(_G, 'count') == 0);"));
}

TEST_CASE("ten thousand globals") {
    Bench b;
    b.run("for i = 1, 10000 do _G['global_name_' .. i] = i end;");
    CHECK(b.offered("global_name_777").size() == 11);
    CHECK(b.offered("glob").size() == 10000);
    CHECK(b.offered("gn_9999") == Texts{"global_name_9999"});
}

TEST_CASE("names with the registry's own rows at the prompt", "[pty]") {
    Pty shell;
    if (shell.ask("type(models.new)") != "function") return test::skip("no engine in this build");
    auto after = [&](const std::string& keys, const std::string& wanted) {
        shell.send("\x15" + keys);
        bool there = shell.wait_text(wanted, 20);
        INFO(keys << "\n" << shell.screen.visible());
        CHECK(there);
    };
    after("trainers.sft{ l\t", "> trainers.sft{ lr=");
    after("trainers.sft{ e\t", "epochs");
    CHECK(shell.wait_text("integer = 1   passes over the data"));
    CHECK(shell.wait_text("eval_steps"));
    after("models.load(\"de\t", "demo");
    after("retrievers.new{kind=\"\t", "hybrid");
    CHECK(shell.wait_text("bm25"));
    after(":them\t", "> :theme");
    after("models.lo\t\t", "> models.load");
    CHECK(shell.screen.unknown().empty());
}

TEST_CASE("an unknown option at Enter names the nearest", "[pty]") {
    Pty shell;
    if (shell.ask("type(models.new)") != "function") return test::skip("no engine in this build");
    auto text = shell.ask("models.scripted{'x', delai=1}");
    INFO(text);
    CHECK(text.find("unknown option 'delai'; did you mean delay") != std::string::npos);
}

TEST_CASE("columns of a dataset, as far as they are known", "[pty]") {
    Pty shell;
    if (shell.ask("type(datasets)") != "table") return test::skip("a shell without the stdlib");
    shell.line("ds = datasets.new{{text='a', label='x', ['two words']=1}}");
    if (shell.ask("type(ds)") != "userdata") return test::skip("no base module in this build");
    shell.line("calls = 0");
    shell.line("mapped = ds:map(function(r) calls = calls + 1 return {other=r.text} end)");
    shell.line("few = ds:filter(function(r) calls = calls + 1 return true end)");
    auto after = [&](const std::string& keys, const std::string& wanted) {
        shell.send("\x15" + keys);
        bool there = shell.wait_text(wanted, 20);
        INFO(keys << "\n" << shell.screen.visible());
        CHECK(there);
    };
    std::string before = shell.ask("calls");  // map looks at the first row
    after("ds:column \"te\t", "> ds:column \"text");
    after("ds:column('tw\t", "> ds:column('two words");
    after("few:filter(function(row) return row.la\t", "row.label");
    after("ds[1].te\t", "> ds[1].text");
    shell.send(
        "\x15"
        "mapped:column('ot\t\x15"
        "mapped[1].\t\x15");
    shell.settle();
    CHECK(shell.ask("calls") == before);  // its columns are only known by running the function
}
