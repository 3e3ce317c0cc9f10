// SPDX-License-Identifier: Apache-2.0
// Ctrl-C in the engine's long work: what there is stays, every object goes on as if nothing had
// been, and plots are drawn in place while it trains.
#include <catch2/catch.hpp>

#include <filesystem>

#include "pty.h"
#include "test.h"

using namespace moonlet::test;

namespace {

bool no_engine() {
    if (run_shell({"-e", "assert(models.new)"}).status == 0) return false;
    skip("no engine in this build");
    return true;
}

// Opens the demo model as m, and another of the same as n.
void load(Pty& shell) {
    std::string path = (root() / "examples/models/demo").string();
    shell.line("clock = require 'moonlet.clock' m = models.load('" + path +
               "', {dtype='f32'}) n = models.load('" + path + "', {dtype='f32'})");
}

void press_and_wait(Pty& shell) {
    shell.send("\x03");
    bool back = shell.wait_text("interrupted") && shell.wait_prompt();
    INFO(shell.screen.visible());
    REQUIRE(back);
}

}  // namespace

TEST_CASE("Ctrl-C in generation: the text so far, and the next call is right", "[pty]") {
    if (no_engine()) return;
    Pty shell;
    load(shell);
    shell.line("want = n:generate('Once upon a time', {max_tokens=60, stream=false})");
    shell.send(
        "count = 0 g = m:generate('Once upon a time', {max_tokens=60, on_text=function(p) "
        "count = count + 1 if count == 8 then print('now') end clock.sleep(0.02) end})\r");
    REQUIRE(shell.wait_text("\nnow"));
    press_and_wait(shell);
    CHECK(shell.ask("g.interrupted and g.finish_reason") == "interrupt");
    CHECK(shell.ask("#g.tokens >= 8 and #g.tokens < 60") == "true");
    CHECK(shell.ask("want.text:sub(1, #g.text) == g.text") == "true");
    shell.line("again = m:generate('Once upon a time', {max_tokens=60, stream=false})");
    CHECK(shell.ask("again.text == want.text") == "true");
}

TEST_CASE("Ctrl-C in training: run() goes on as if it had not been", "[pty]") {
    if (no_engine()) return;
    Pty shell;
    load(shell);
    shell.line("data = {} for i = 1, 12 do data[i] = 'The moon number ' .. i .. ' rises.' end");
    shell.line(
        "function train(model) return trainers.cpt{model=model, data=data, max_steps=8, "
        "batch_size=2, lr=1e-3, seed=3} end");
    shell.line("u = train(n) u:run()");
    shell.line("t = train(m)");
    shell.send(
        "t:run{on_step=function(r) if r.step == 3 then print('now') end clock.sleep(0.05) "
        "end}\r");
    REQUIRE(shell.wait_text("\nnow"));
    press_and_wait(shell);
    CHECK(shell.ask("t.steps >= 3 and t.steps < 8 and not t.done") == "true");
    CHECK(shell.ask("t:run()") == "true");
    shell.line(
        "same = #t.history == 8 for i = 1, 8 do "
        "same = same and t.history[i].loss == u.history[i].loss end");
    CHECK(shell.ask("same") == "true");
}

TEST_CASE("Ctrl-C while passages are indexed", "[pty]") {
    if (run_shell({"-e", "assert(retrievers.new)"}).status != 0) return;
    Pty shell;
    shell.line("texts = {} for i = 1, 20000 do texts[i] = 'the moon ' .. i .. ' over Seoul' end");
    shell.send("print('now') while true do r = retrievers.new{texts, kind='bm25'} end\r");
    REQUIRE(shell.wait_text("\nnow"));
    shell.settle(50);
    press_and_wait(shell);
    CHECK(shell.ask("20+22") == "42");
}

TEST_CASE("a plot is drawn in place while it trains, and stays", "[pty]") {
    if (no_engine()) return;
    Pty shell;
    load(shell);
    shell.line(
        "t = trainers.cpt{model=m, data={'the moon rises', 'the sun sets'}, max_steps=12, "
        "lr=1e-3}");
    shell.send("\x0c");
    shell.wait([&] { return shell.screen.row(0) == ">"; });
    shell.send("t:run{plot=true, on_step=function() clock.sleep(0.1) end};\r");
    CHECK(shell.wait([&] { return shell.screen.row(1).find("loss of") == 0; }));
    REQUIRE(shell.wait_prompt());
    INFO(shell.screen.visible());
    CHECK(shell.screen.row(1).find("loss of") == 0);
    CHECK(shell.screen.row(2).find(" ┤") != std::string::npos);
    CHECK(shell.screen.row(shell.screen.cursor_row() - 1).find("loss (last ") != std::string::npos);
    CHECK(shell.screen.row(shell.screen.cursor_row() - 2).find("12 steps") != std::string::npos);
    // One plot: nothing of the earlier drawings is left.
    std::string all = shell.screen.all();
    CHECK(all.find("loss of", all.find("loss of") + 1) == std::string::npos);
}
