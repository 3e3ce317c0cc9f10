// SPDX-License-Identifier: Apache-2.0
// The history file: whole entries, several shells, damage, a place that cannot be written.
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "shell/history.h"
#include "test.h"

using moonlet::History;
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
