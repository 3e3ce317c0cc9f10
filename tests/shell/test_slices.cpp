// SPDX-License-Identifier: Apache-2.0
// :save with names, :save!, :undo, :restore and :log, typed into the real program.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/wait.h>

#include "pty.h"
#include "shell/effects.h"
#include "test.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

std::string fresh(const std::string& ending) {
    static int count = 0;
    return (scratch() / ("slice" + std::to_string(++count) + ending)).string();
}

std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// What a session says to these lines.
std::string typed(const std::string& input) { return run_shell({"-i"}, input + "\n").out; }

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("what a text does to names") {
    Effects e = effects_of("local a, b = c, 2 x.y = z; t[i] = 1 f(u, v.w) g = g + 1", false);
    CHECK(e.sets == Names{"a", "b", "g"});
    CHECK(e.stores == Names{"x", "t"});
    CHECK(e.reads == Names{"c", "x", "z", "t", "i", "f", "u", "v", "g"});
    REQUIRE(e.calls.size() == 1);
    CHECK(e.calls[0].given == Names{"u", "v"});
    e = effects_of("function add(t, x) local r = {} r[1] = x t.n = 1 return helper(r) end", false);
    CHECK(e.sets == Names{"add"});
    CHECK(e.reads == Names{"helper"});
    CHECK(e.stores_local);
    e = effects_of("for i = 1, n do if i then s = s + i end end", false);
    CHECK(e.writes == Names{"s"});
    CHECK(e.sets.empty());
    CHECK(effects_of("load 'x = 1'()", false).dynamic);
    CHECK(effects_of("m:generate('x', {seed = k}).text", true).reads == Names{"m", "k"});
    CHECK(effects_of("local function f() return f end", false).reads.empty() == false);
}

TEST_CASE(":save file name keeps what the name depends on, says why, and the file runs") {
    std::string path = fresh(".lua");
    std::string said = typed(
        "a = 1\nb = {2}\nlocal c = a + 1\nd = b[1] * 2\nfunction sq(n) return n * n end\n"
        "p = sq(a)\nq = sq(d)\nb[2] = 7\nerror 'x'\n#b\n:save " +
        path + " q");
    INFO(said);
    CHECK(has(said, "saved 4 entries to " + path + ", of 9: what q depends on"));
    CHECK(has(said, "  (2) b = {2}  -- sets b"));
    CHECK(has(said, "  (7) q = sq(d)  -- sets q"));
    std::string text = read(path);
    CHECK(has(text, "-- [2]"));
    CHECK(has(text, "-- [4]"));
    CHECK(has(text, "-- [5]"));
    CHECK_FALSE(has(text, "p = sq(a)"));
    CHECK_FALSE(has(text, "b[2] = 7"));
    CHECK(run_shell({path, "-"}).status == 0);
    CHECK(has(run_shell({"-i", path}, "q\n").out, "> 16\n"));
    CHECK(has(typed("x = 1\n:save " + fresh(".lua") + " y"), "no entry that worked has given y"));
    CHECK(has(typed("x = 1\n:save " + fresh(".lua") + " 3x"), "wanted the name of a variable"));
}

TEST_CASE("a slice is careful: what functions touch, tables under two names, loaded code") {
    auto kept = [](const std::string& input, const std::string& name) {
        std::string path = fresh(".lua");
        typed(input + "\n:save " + path + " " + name);
        std::string text = read(path), numbers;
        for (std::size_t at = 0; (at = text.find("\n-- [", at)) != std::string::npos; ++at)
            numbers += text.substr(at + 5, text.find(']', at) - at - 5) + " ";
        return numbers;
    };
    // A function that changes a global when it is called, by way of another.
    CHECK(kept("n = 0\nfunction inc() n = n + 1 end\nfunction twice() inc() inc() end\n"
               "other = 5\ntwice()\nprint(other)\nr = n",
               "r") == "1 2 3 5 7 ");
    // The same table under another name; a method that may change it; a reading function.
    CHECK(kept("t = {1}\nu = t\nu[2] = 5\nprint(#t)\ntable.insert(u, 6)\nz = 1\nr = #t", "r") ==
          "1 2 3 5 7 ");
    // A function with the table as an argument that stores into it, and one that does not.
    CHECK(kept("t = {}\nfunction put(x) x.k = 1 end\nfunction see(x) return #x end\nput(t)\nsee(t)",
               "t") == "1 2 4 ");
    // Results by number, the last result, a table's own method, upvalues.
    CHECK(kept("1 + 1\n5\n_1 * 2\nr = _", "r") == "1 3 4 ");
    CHECK(kept("o = {n = 1}\nfunction o:up() self.n = self.n + 1 end\no:up()\nw = 3", "o") ==
          "1 2 3 ");
    CHECK(kept("x = 1\ny = 2\nload('x = x + 1')()\nr = 3", "r") == "1 2 3 4 ");
    CHECK(kept("x = 1\nx = 2\ny = x", "y") == "2 3 ");
}

TEST_CASE(":save! writes over a file, runs it in a process of its own and compares") {
    std::string path = fresh(".lua");
    std::ofstream(path) << "mine";
    std::string said = typed("x = 20\nx + 1\nerror 'no'\n:save! " + path);
    INFO(said);
    CHECK(has(said, "saved 2 entries to " + path));
    CHECK(has(said, "replay: 2 of 2 entries printed what is recorded"));
    std::string gate = fresh(".txt");
    std::ofstream(gate) << "1";
    said = typed("f = io.open('" + gate + "') v = f:read('*a') f:close()\nv\nos.remove('" + gate +
                 "');\n:save! " + path + " v");
    INFO(said);
    CHECK(has(said, "entry (1) failed"));
    CHECK(has(said, "attempt to index"));
}

TEST_CASE(":undo gives names back, leaves the entry out of :save; :restore does it again",
          "[pty]") {
    Pty shell;
    std::string path = fresh(".lua");
    shell.line("x = 5");
    shell.line("local keep = 'a'");
    shell.line("x = 6");
    std::string said = shell.ask(":undo");
    CHECK(said.rfind("undid (3) x = 6: x is 5 again\n", 0) == 0);
    CHECK(has(said, "tables changed in place and files stay as they are"));
    CHECK(shell.ask("x") == "5");
    shell.line("local keep = 'b' y = keep");
    shell.line("nothing.at.all");
    CHECK(shell.ask(":undo").rfind("undid (5) local keep = 'b' y = keep: keep is \"a\" again, y is "
                                   "gone",
                                   0) == 0);
    CHECK(shell.ask("keep, y") == "a       nil");
    shell.line(":undo");
    shell.line(":undo");
    CHECK(shell.ask(":undo").rfind("undid (2) local keep = 'a': keep is gone", 0) == 0);
    CHECK(shell.ask(":restore").rfind("did again (2) local keep = 'a': keep is \"a\"", 0) == 0);
    CHECK(shell.ask("keep") == "a");
    shell.line("z = 1");
    CHECK(shell.ask(":restore").rfind("nothing was undone", 0) == 0);
    shell.line("function f() return 1 end");
    shell.line("f = nil");
    shell.line(":undo");
    CHECK(shell.ask("f()") == "1");
    shell.line(":save " + path);
    std::string text = read(path);
    CHECK(has(text, "x = 5"));
    CHECK_FALSE(has(text, "x = 6"));
    CHECK_FALSE(has(text, "f = nil"));
    CHECK(run_shell({path}).status == 0);
}

TEST_CASE(":undo keeps no object in memory, and an undone result is no _n") {
    std::string said = typed(
        "gone = 0\nlocal function object() local p = newproxy(true) "
        "getmetatable(p).__gc = function() gone = gone + 1 end return p end\n"
        "m = object()\nm = nil\nn = 1\ncollectgarbage() "
        "collectgarbage()\ngone\n:undo\n7\n:undo\n_8");
    INFO(said);
    CHECK(has(said, "> 1\n"));
    CHECK(has(said, "> nil\n"));
}

TEST_CASE("ten inputs, three errors, two questions: the file prints the same", "[pty]") {
    Pty shell;
    std::string path = fresh(".lua");
    for (const char* entry :
         {"a = 2", "b = {a, a * 2}", "x.y.z", "b", "?print", "for i", "\x03", "error 'no'",
          "function f(n) return n * a end", "?string.format", "f(21)", "_ + 1"}) {
        if (std::string(entry) == "\x03") {
            shell.send(entry);
            shell.wait_prompt();
        } else if (std::string(entry) == "for i") {
            shell.line("for i = do");
        } else {
            shell.line(entry);
        }
    }
    shell.line(":save " + path);
    Output ran = run_shell({path});
    CHECK(ran.status == 0);
    CHECK(ran.out == "{2, 4}\n42\n43\n");
    CHECK(has(shell.screen.all(), "saved 6 entries"));
}

TEST_CASE(":restore brings variables back, whatever plain data they hold") {
    std::string path = fresh(".lua");
    std::string said = typed(
        "n = 1.5 s = 'a\\nb \\255 \\\"q\\\" 달' yes = true big = 2^60 inf = -1/0\n"
        "local t = {1, {k = 'v', [3.5] = false, ['$x'] = 1}, {}} t.self = t t.twice = t[2]\n"
        "local function inc(x) return x + n end\nfunction outer(x) return inc(x) end\n"
        "api_key = 'sk-123'\nio_ = io.stdout\n:save " +
        path);
    INFO(said);
    CHECK(has(said, "; 6 variables for :restore, not api_key (a secret?), inc (function), io_ "));
    CHECK_FALSE(has(read(path + ".state"), "sk-123"));
    said = typed(":restore " + path +
                 "\nn, #s, yes, big == 2^60, inf\ns == 'a\\nb \\255 \\\"q\\\" 달'\n"
                 "t.self == t, t.twice == t[2], t[2].k, t[2][3.5], t[2]['$x'], #t\n_G.t, outer(1)");
    INFO(said);
    CHECK(has(said, "restored big, inf, n, s, t, yes, and the functions inc, outer\n"));
    CHECK(has(said, "not api_key, io_: moonlet -i " + path));
    CHECK(has(said, "> 1.5\t13\ttrue\ttrue\t-inf\n"));
    CHECK(has(said, "> true\n"));
    CHECK(has(said, "> true\ttrue\tv\tfalse\t1\t3\n"));
    CHECK(has(said, "> nil\t2.5\n"));
    std::ofstream(path, std::ios::app) << "-- edited\n";
    CHECK(has(typed(":restore " + path + "\nn"), "has it been edited?"));
    std::string state = read(path + ".state");
    state[state.size() - 5] ^= 1;
    std::ofstream(path + ".state") << state;
    said = typed(":restore " + path + "\nn");
    CHECK(has(said, "nothing was restored from " + path + ".state: it is damaged"));
    CHECK(has(said, "> nil\n"));
    CHECK(has(typed(":restore /no/such/file"), "cannot read /no/such/file"));
}

TEST_CASE(":log writes markdown: entries, results, errors marked, what comes later too") {
    std::string path = fresh(".md"), worked = fresh(".md");
    std::string said = typed("x = 1\nx + 1\n:log " + path +
                             "\n?print\nnothing.here\nprint('```')\n"
                             "x + 1\n:log off\nx + 5\n:log " +
                             worked + " worked once\n:log " + path);
    INFO(said);
    CHECK(has(said, "logging to " + path));
    CHECK(has(said, path + " is there already; :log! "));
    std::string text = read(path);
    INFO(text);
    CHECK(text.rfind("# moonlet session · ", 0) == 0);
    CHECK(has(
        text,
        "\n**[1]**\n\n```lua\nx = 1\n```\n\n**[2]**\n\n```lua\nx + 1\n```\n\n```text\n2\n```\n"));
    CHECK(has(text, "\n**error**\n\n```text\n(3):1: "));
    CHECK(has(text, "\n````text\n```\n````\n"));
    CHECK_FALSE(has(text, "?print"));
    CHECK_FALSE(has(text, "x + 5"));
    text = read(worked);
    CHECK_FALSE(has(text, "nothing.here"));
    CHECK(text.find("x + 1") == text.rfind("x + 1"));
    CHECK(has(text, "x + 5"));
}
