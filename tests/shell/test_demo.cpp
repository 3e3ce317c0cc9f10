// SPDX-License-Identifier: Apache-2.0
// Lecture mode: a script in steps, each shown before it runs.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include "pty.h"
#include "shell/demo.h"
#include "test.h"

using namespace moonlet::test;

namespace {

std::string lecture() {
    std::string path = (scratch() / "lecture.lua").string();
    std::ofstream(path) << "#!/usr/bin/env moonlet\n"
                           "-- SPDX-License-Identifier: Apache-2.0\n"
                           "-- Numbers first.\n"
                           "local x = 20 + 1\n"
                           "\n"
                           "-- A function may have\n"
                           "-- blank lines.\n"
                           "local function twice(n)\n"
                           "\n"
                           "  return n * 2  -- stays\n"
                           "end\n"
                           "\n"
                           "twice(x)\n";
    return path;
}

// A step stands in the editor as a draft: the last row of it is where the cursor is.
bool wait_draft(Pty& pty, const std::string& last_row) {
    return pty.wait([&] { return pty.screen.row(pty.screen.cursor_row()) == last_row; });
}

}  // namespace

TEST_CASE("blank lines divide steps, comments in front narrate, blocks stay whole") {
    auto incomplete = [](const std::string& text) {
        return text.find("function") != std::string::npos && text.find("end") == std::string::npos;
    };
    auto steps = moonlet::demo_steps(
        "#!/bin/x\n-- one\n-- two\n\n-- three\na = 1\nb = 2 -- c\n\n\n"
        "function f()\n\n  return 1\nend\n\n-- the end\n",
        incomplete);
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].narration == "one\ntwo\n\nthree");
    CHECK(steps[0].code == "a = 1\nb = 2 -- c");
    CHECK(steps[1].code == "function f()\n\n  return 1\nend");
    CHECK(steps[2].narration == "the end");
    CHECK(steps[2].code.empty());
    CHECK(moonlet::demo_steps("", incomplete).empty());
    CHECK(moonlet::demo_steps("--[[ long\n]]\nx = 1", incomplete)[0].narration.empty());
}

TEST_CASE("a lecture goes on by Enter and shows a step before it runs", "[pty]") {
    Pty pty;
    pty.send("demo '" + lecture() + "'\r");
    REQUIRE(wait_draft(pty, "> local x = 20 + 1"));
    CHECK(pty.screen.visible().find("Numbers first.") != std::string::npos);
    CHECK(pty.screen.visible().find("SPDX") == std::string::npos);
    CHECK_FALSE(pty.screen.style(pty.screen.cursor_row(), 2).empty());  // `local` has a colour
    pty.send("\r");
    REQUIRE(wait_draft(pty, ".. end"));
    CHECK(pty.screen.visible().find("A function may have blank lines.") != std::string::npos);
    pty.send("\r");
    REQUIRE(wait_draft(pty, "> twice(x)"));
    CHECK(pty.screen.visible().find("\n42") == std::string::npos);
    pty.send("\r");
    REQUIRE(pty.wait_text("end of lecture.lua"));
    CHECK(pty.screen.visible().find("\n42\n") != std::string::npos);
    REQUIRE(pty.wait_prompt());
    CHECK(pty.ask("x, twice(4)") == "21      8");  // its locals stay
    pty.send("\x1b[A\x1b[A");
    CHECK(wait_draft(pty, "> twice(x)"));  // and its steps are in the history
}

TEST_CASE("a step may be edited, one that fails stays, Ctrl-C leaves to the prompt", "[pty]") {
    Pty pty;
    pty.send(":demo " + lecture() + "\r");
    REQUIRE(wait_draft(pty, "> local x = 20 + 1"));
    pty.send("00\r");
    REQUIRE(wait_draft(pty, ".. end"));
    pty.send("\r");
    REQUIRE(wait_draft(pty, "> twice(x)"));
    pty.send(".y.z\r");
    REQUIRE(pty.wait_text("attempt to index"));
    REQUIRE(wait_draft(pty, "> twice(x).y.z"));
    pty.send("\x7f\x7f\x7f\x7f\x03");
    REQUIRE(pty.wait_text("left lecture.lua before step 3"));
    REQUIRE(pty.wait_prompt());
    CHECK(pty.ask("x, twice(x)") == "120     240");
}

TEST_CASE("PageDown skips a step, PageUp goes back, :again and :stop", "[pty]") {
    Pty pty({.arguments = {"--demo", lecture()}, .wait_for_prompt = false});
    REQUIRE(wait_draft(pty, "> local x = 20 + 1"));
    pty.send("\x1b[6~");
    REQUIRE(wait_draft(pty, ".. end"));
    pty.send("\x1b[5~");
    REQUIRE(wait_draft(pty, "> local x = 20 + 1"));
    pty.send("\x15:skip 2\r");
    REQUIRE(wait_draft(pty, "> twice(x)"));
    pty.send("\x15?string.rep\r");  // help is aside: the step stays
    REQUIRE(pty.wait_text("built-in"));
    REQUIRE(wait_draft(pty, "> twice(x)"));
    pty.send("\x15:stop\r");
    REQUIRE(pty.wait_prompt());
    CHECK(pty.ask("x") == "nil");
}

TEST_CASE("a lecture that is not there, and one without a terminal") {
    Output result = run_shell({"-i", "--norc"}, ":demo /no/such.lua\n1 + 1\n");
    CHECK(result.out.find("cannot read /no/such.lua") != std::string::npos);
    CHECK(result.out.find("> 2\n") != std::string::npos);
    result = run_shell({"--demo", lecture()}, "\n\n\nprint 'after'\n");
    INFO(result.out);
    CHECK(result.out.find("> 42\n") != std::string::npos);
    CHECK(result.out.find("> after\n") != std::string::npos);
    CHECK(run_shell({"--demo"}).status == 2);
}
