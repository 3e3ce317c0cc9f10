// SPDX-License-Identifier: Apache-2.0
// The history file: whole entries, several shells, damage, a place that cannot be written.
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "shell/history.h"
#include "shell/history_match.h"
#include "test.h"

using namespace moonlet;
using Lines = std::vector<std::string>;

namespace {

std::string fresh_path() {
    static int count = 0;
    return (moonlet::test::scratch() / ("h" + std::to_string(++count)) / "deep" / "history")
        .string();
}

}  // namespace

TEST_CASE("entries come back whole, in order, once in a row") {
    std::string path = fresh_path();
    {
        History history(path);
        history.add("x = 1");
        history.add("x = 1");
        history.add("for i=1,2 do\n  print('\\n')\nend");
        history.add(" hidden");
        history.add("  \n");
        CHECK(history.entries() == Lines{"x = 1", "for i=1,2 do\n  print('\\n')\nend"});
    }
    History next(path);
    next.add("later");
    CHECK(next.entries() == Lines{"x = 1", "for i=1,2 do\n  print('\\n')\nend", "later"});
    CHECK(next.session_count() == 1);
    auto mode = std::filesystem::status(path).permissions();
    CHECK((mode & std::filesystem::perms::others_read) == std::filesystem::perms::none);
}

TEST_CASE("a typed key stays out of the file") {
    std::string path = fresh_path();
    History history(path);
    for (const char* name : {"api_key = ", "api_key=", "['api_key'] = ", "[\"api_key\"]="})
        for (const char* key : {"\"sk-1\"", "'sk-1'", "[[sk-1]]", "--[[x]] 'sk-1"})
            history.add("m = f{" + std::string(name) + key + ", x = 'y'}");
    history.add("api_key 'sk is no assignment'");
    for (const char* name : {"token = ", "['token']="})
        history.add("models.pull('o/m', {" + std::string(name) + "'hf_secret'})");
    history.add("f{token = 'word', api_key = g'sk-2'}");
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    CHECK(text.find("sk-1") == std::string::npos);
    CHECK(text.find("{api_key = os.getenv \"OPENAI_API_KEY\", x = 'y'}") != std::string::npos);
    CHECK(text.find("hf_secret") == std::string::npos);
    CHECK(text.find("{token = os.getenv \"HF_TOKEN\"}") != std::string::npos);
    CHECK(text.find("{token = 'word', api_key = g'sk-2'}") != std::string::npos);
    CHECK(text.find("sk is no assignment") != std::string::npos);
    CHECK(history.entries().front() == "m = f{api_key = \"sk-1\", x = 'y'}");  // for Up, here
}

TEST_CASE("entries of another shell appear after a refresh, before our own") {
    std::string path = fresh_path();
    History one(path), two(path);
    one.add("mine");
    CHECK(one.entries() == Lines{"mine"});
    pid_t child = fork();
    if (child == 0) {
        History other(path);
        other.add("theirs");
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    CHECK(one.entries() == Lines{"mine"});
    one.refresh();
    CHECK(one.entries() == Lines{"theirs", "mine"});
}

TEST_CASE("many shells at once lose and mix nothing") {
    std::string path = fresh_path();
    History(path).add("first");
    for (int shell = 0; shell < 8; ++shell) {
        if (fork() != 0) continue;
        History mine(path);
        for (int i = 0; i < 200; ++i) {
            mine.add("shell " + std::to_string(shell) + "\nentry " + std::to_string(i) +
                     std::string(static_cast<std::size_t>(i * 7), 'x'));
        }
        _exit(0);
    }
    while (wait(nullptr) > 0) {
    }
    History all(path);
    CHECK(all.entries().size() == 1 + 8 * 200);
    for (const auto& entry : all.entries()) {
        bool whole = entry == "first" || (entry.rfind("shell ", 0) == 0 && entry[7] == '\n');
        REQUIRE(whole);
    }
}

TEST_CASE("damaged lines are passed over") {
    std::string path = fresh_path();
    History(path).add("good");
    std::ofstream(path, std::ios::app | std::ios::binary)
        << "garbage\n"
        << "1\t2\n"
        << "1\t2\tbad \\q\n"
        << std::string("1\t2\tnul \0\n", 10) << "1\t2\talso good\n"
        << "1\t2\tcut off";
    History history(path);
    CHECK(history.entries() == Lines{"good", "also good", "cut off"});
}

TEST_CASE("the file says its format, and the one before it is read") {
    std::string path = fresh_path();
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "1700000000\t1700000000.7.1\told = 1\\nold\n";
    {
        History history(path);
        history.add("new = 2");
        history.finish(Outcome::failed);
        CHECK(history.entries() == Lines{"old = 1\nold", "new = 2"});
        CHECK(history.facts()[0].outcome == Outcome::unknown);
        CHECK(history.facts()[1].outcome == Outcome::failed);
    }
    History later(path);
    CHECK(later.entries() == Lines{"old = 1\nold", "new = 2"});
    CHECK(later.facts()[1].outcome == Outcome::failed);
    CHECK(later.folders()[later.facts()[1].folder] == std::filesystem::current_path().string());
    std::string other = fresh_path();
    History(other).add("x");
    std::string first;
    std::ifstream file(other);
    std::getline(file, first);
    CHECK(first.rfind("# moonlet history 2", 0) == 0);
}

TEST_CASE("an entry is in the file before it has ended, and a torn line swallows none") {
    std::string path = fresh_path();
    History history(path);
    history.add("while true do end");
    CHECK(History(path).entries() == Lines{"while true do end"});
    std::ofstream(path, std::ios::app) << "> \t17000";  // a full disk cut it
    History next(path);
    next.add("y = 1");
    CHECK(History(path).entries() == Lines{"while true do end", "y = 1"});
}

TEST_CASE("what another shell adds comes before our own, once, with its outcome") {
    std::string path = fresh_path();
    History one(path), two(path);
    one.add("mine");
    one.finish(Outcome::ok);
    CHECK(one.entries() == Lines{"mine"});
    two.add("theirs");
    two.add("theirs too");
    one.refresh();
    CHECK(one.entries() == Lines{"theirs", "theirs too", "mine"});
    two.finish(Outcome::interrupted);
    one.add("mine again");
    one.refresh();
    CHECK(one.entries() == Lines{"theirs", "theirs too", "mine", "mine again"});
    CHECK(one.facts()[1].outcome == Outcome::interrupted);
    CHECK(one.facts()[2].outcome == Outcome::ok);
    std::filesystem::remove(path);
    one.refresh();
    one.add("goes on");
    CHECK(one.entries().back() == "goes on");
}

TEST_CASE("a pattern: as it stands, letters close together, typos, words in any order") {
    auto rank = [](const char* pattern, const char* entry) {
        return HistoryPattern(pattern).rank(entry);
    };
    const char* entry = "m:generate(\"Once upon a time\", {max_tokens=40})";
    CHECK(rank("generate", entry) == 0);
    for (const char* typo : {"genrate", "geenrate", "generrate", "genetate", "gnerate", "upno"})
        CHECK(rank(typo, entry) > 0);
    CHECK(rank("time generate", entry) > 0);
    CHECK(rank("tokens once", entry) > 0);
    CHECK(rank("Once", entry) == 0);
    CHECK(rank("ONCE", entry) == -1);  // a capital is meant
    CHECK(rank("mxtok", entry) > 0);
    CHECK(rank("retriever", entry) == -1);
    CHECK(rank("xyz", entry) == -1);
    CHECK(rank("", entry) == 0);
    CHECK(rank("gneerate", entry) > rank("generte", entry) - 1);
    CHECK(rank("달빛소나티", "x = '달빛소나타'") > 0);
    CHECK(HistoryPattern("genrate").places("generate") ==
          std::vector<std::size_t>{0, 1, 2, 4, 5, 6, 7});
    CHECK(HistoryPattern("빛").places("달빛") == std::vector<std::size_t>{3, 4, 5});
}

TEST_CASE("a session whose shell died is found by the next one, once") {
    std::string path = fresh_path();
    pid_t child = fork();
    if (child == 0) {
        History mine(path);
        mine.add("x = 1");
        mine.finish(Outcome::ok);
        mine.add("?x");
        mine.finish(Outcome::ok);
        mine.add("bad");
        mine.finish(Outcome::failed);
        mine.add("os.abort()");
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    LostSession lost;
    History next(path), beside(path);
    REQUIRE(next.lost_session(&lost));
    CHECK(lost.worked == Lines{"x = 1"});
    CHECK(lost.running == "os.abort()");
    CHECK(lost.failed == 1);
    CHECK_FALSE(beside.lost_session(&lost));
    next.forget_lost();
    CHECK_FALSE(next.lost_session(&lost));
    History clean(path);
    clean.add("y = 1");
    clean.leave();
    CHECK_FALSE(History(path).lost_session(&lost));
}

TEST_CASE("a place that cannot be written keeps the session's entries") {
    History history("/proc/no/such/history");
    history.add("x");
    CHECK(history.entries() == Lines{"x"});
}

TEST_CASE("escaping is exact") {
    for (const char* text : {"", "\\", "\\n", "a\nb\\nc\n", "\t\"'"}) {
        std::string back;
        REQUIRE(History::unescape(History::escape(text), &back));
        CHECK(back == text);
    }
}
