// SPDX-License-Identifier: Apache-2.0
// The progress area: several bars at once that survive prints, fit any width and become plain lines
// in a file.
#include <catch2/catch.hpp>

#include <algorithm>

#include "shell/progress_area.h"
#include "shell/text.h"

#include "pty.h"

using namespace moonlet::test;
using moonlet::ProgressArea;

TEST_CASE("a bar leaves out what does not fit, the least important first") {
    ProgressArea area;
    area.report({"training sft", 0, 400, "steps", "loss 3.00 · 812 tok/s"}, 100);
    area.report({"training sft", 50, 400, "steps", "loss 2.50 · 812 tok/s"}, 105);
    area.report({"training sft", 100, 400, "steps", "loss 2.00 · 812 tok/s"}, 110);
    CHECK(area.rows(200, 110, true, 1.5e9)[0] ==
          "training sft  █████░░░░░░░░░░░░░░░  25 %  100/400 steps  ETA 0:30  10 steps/s  "
          "loss 2.00 · 812 tok/s  █▄▁  1.50 GB");
    CHECK(area.rows(80, 110, false, 0)[0] ==
          "training sft  #####...............  25 %  ETA 0:30  loss 2.00 · 812 tok/s");
    CHECK(area.rows(20, 110, true, 1e9)[0] == "training sft  25 %");
    CHECK(area.rows(12, 110, true, 1e9)[0] == "traini  25 %");
    for (std::size_t width = 6; width < 120; ++width)
        CHECK(moonlet::text_width(area.rows(width, 110, true, 1e9)[0]) <= static_cast<int>(width));
}

TEST_CASE("each operation has a bar until it is over") {
    ProgressArea area;
    area.report({"one", 1, 10, "MB", ""}, 0);
    area.report({"two", 5, 0, "rows", ""}, 0);
    CHECK(area.rows(80, 0, true, 0).size() == 2);
    area.report({"one", 10, 10, "MB", ""}, 1);
    CHECK(area.rows(80, 0, true, 0) == std::vector<std::string>{"two  5 rows"});
    area.report({"", 1, 1, "", ""}, 1);
    CHECK(area.empty());
}

TEST_CASE("a file gets a line at each quarter, and none of what was quick") {
    ProgressArea area;
    std::vector<std::string> lines;
    for (int i = 0; i <= 1000; ++i) {
        moonlet::ProgressReport report{"indexing", double(i), 1000, "rows", ""};
        double now = i * 0.1;
        area.report(report, now);
        if (auto line = area.plain_line(report, now); !line.empty()) lines.push_back(line);
    }
    CHECK(lines == std::vector<std::string>{"indexing: 250/1000 rows (25 %)  0:25",
                                            "indexing: 500/1000 rows (50 %)  0:50",
                                            "indexing: 750/1000 rows (75 %)  1:15",
                                            "indexing: 1000/1000 rows (100 %)  1:40"});
    for (int i = 0; i <= 10; ++i) {
        moonlet::ProgressReport report{"quick", double(i), 10, "rows", ""};
        area.report(report, i * 0.1);
        CHECK(area.plain_line(report, i * 0.1) == "");
    }
}

namespace {

const std::string kTwo =
    "progress = require 'moonlet.progress' clock = require 'moonlet.clock' "
    "a = progress.new('reading', 40, 'files') b = progress.new('training', 40, 'steps') "
    "for i = 1, 40 do a:update(i) b:update(i, 'loss ' .. 4 / i) clock.sleep(0.03) "
    "if i % 10 == 0 then print('line ' .. i) end "
    "if i == 35 then io.write('un') io.write('finished\\n') end end ";

}  // namespace

TEST_CASE("two bars and prints: no stray lines", "[pty]") {
    for (std::size_t columns : {20, 80, 200}) {
        PtyOptions options;
        options.columns = columns;
        Pty shell(options);
        INFO(columns);
        shell.line(kTwo.substr(0, kTwo.find("for i")));
        shell.send("\x0c");
        shell.wait([&] { return shell.screen.row(0) == ">"; });
        shell.send("function f() " + kTwo.substr(kTwo.find("for i")) + "end\r");
        REQUIRE(shell.wait_prompt());
        shell.send("\x0c");
        shell.wait([&] { return shell.screen.row(0) == ">"; });
        shell.send("f()\r");
        auto both = [&] {
            return shell.screen.row(1).find("reading") == 0 &&
                   shell.screen.row(2).find("training") == 0;
        };
        CHECK(shell.wait(both));
        REQUIRE(shell.wait_prompt());
        CHECK(shell.screen.differs(
                  {"> f()", "line 10", "line 20", "line 30", "unfinished", "line 40", ">"}) == "");
        CHECK(shell.screen.unknown().empty());
    }
}

TEST_CASE("bars follow a terminal that becomes narrower, and Ctrl-C takes them away", "[pty]") {
    PtyOptions options;
    options.columns = 100;
    options.environment = {"VTE_VERSION=7000"};
    Pty shell(options);
    shell.line("progress = require 'moonlet.progress'");
    shell.send("\x0c");
    shell.wait([&] { return shell.screen.row(0) == ">"; });
    shell.send("a = progress.new('reading', 1e9, 'files') for i = 1, 1e9 do a:update(i) end\r");
    REQUIRE(shell.wait_text("reading  "));
    shell.resize(40, 24, true);
    auto narrow = [&] {
        std::string all = shell.screen.visible();
        std::size_t at = all.rfind("\nreading");
        return at != std::string::npos && all.find('\n', at + 1) == std::string::npos &&
               all.find("\nreading") == at;
    };
    CHECK(shell.wait(narrow));
    shell.send("\x03");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.screen.visible().find("\nreading") == std::string::npos);
}

TEST_CASE("bars in a file are few plain lines", "[pty]") {
    std::string slow = kTwo;
    slow.replace(slow.find("0.03"), 4, "0.07");
    auto result = run_shell({"-e", slow});
    CHECK(result.out == "line 10\nline 20\nline 30\nunfinished\nline 40\n");
    INFO(result.err);
    CHECK(result.err.find('\r') == std::string::npos);
    CHECK(result.err.find('\x1b') == std::string::npos);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') <= 8);
    CHECK(result.err.find("training: 40/40 steps (100 %)") != std::string::npos);
}
