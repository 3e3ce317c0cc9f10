// SPDX-License-Identifier: Apache-2.0
// --record and --replay of a record: with the model away a replay prints the same.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/wait.h>

#include "pty.h"
#include "test.h"

using namespace moonlet::test;

namespace {

namespace fs = std::filesystem;

std::string fresh() {
    static int count = 0;
    return (scratch() / ("record" + std::to_string(++count) + ".jsonl")).string();
}

std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a record holds entries, outcomes and output; its replay compares") {
    std::string path = fresh();
    Output typed = run_shell({"--record", path, "-i"},
                             "x = 2\nx * 21\nerror 'no'\nmath.random(1000)\nlocal y = 'kept'\n"
                             "key = {api_key=\"sk-secret\"}\n?print\ny\n");
    CHECK(typed.status == 0);
    std::string text = read(path);
    INFO(text);
    CHECK(text.rfind("{\"moonlet_record\":1", 0) == 0);
    CHECK(has(text,
              "{\"entry\":2,\"text\":\"x * 21\",\"columns\":80}\n"
              "{\"ran\":2,\"worked\":true,\"output\":\"42\\n\"}\n"));
    CHECK(has(text, "{\"ran\":3,\"worked\":false,"));
    CHECK_FALSE(has(text, "sk-secret"));
    Output replayed = run_shell({"--replay", path});
    INFO(replayed.out << replayed.err);
    CHECK(replayed.status == 0);
    CHECK(has(replayed.err, "replay: 7 of 7 entries printed what is recorded"));
    CHECK(has(replayed.out, "> x * 21\n42\n"));
    std::string other = text;
    other.replace(other.find("x * 21"), 6, "x * 22");
    std::ofstream(path) << other;
    replayed = run_shell({"--replay", path});
    CHECK(replayed.status == 1);
    CHECK(has(replayed.err, "entry (2) printed something else: - recorded, + now\n  - 42\n  + 44"));
    std::ofstream(path) << "mine";
    CHECK(has(run_shell({"--record", path, "-i"}, "1\n").err, "is there already and is no record"));
    CHECK(read(path) == "mine");
    CHECK(run_shell({"--record"}).status == 2);
}

TEST_CASE("a record cut off by a crash is replayed up to there", "[pty]") {
    std::string path = fresh();
    PtyOptions options;
    options.arguments = {"--record", path};
    Pty shell(options);
    shell.line("x = 5");
    shell.line("x + 1");
    shell.start("while true do end");
    shell.signal(SIGKILL);
    shell.wait_exit();
    Output replayed = run_shell({"--replay", path});
    INFO(replayed.out << replayed.err);
    CHECK(has(replayed.out, "> x + 1\n6\n"));
    CHECK(has(replayed.err, "entry (3) did not end when it was recorded"));
    CHECK(has(replayed.err, "replay: 2 of 2"));
}

TEST_CASE("model calls are recorded: without the model a replay prints the same") {
    if (run_shell({"-e", "assert(models.new)"}).status != 0) {
        skip("no engine in this build");
        return;
    }
    auto folder = scratch() / "recorded_model";
    fs::remove_all(folder);
    fs::copy("examples/models/demo", folder, fs::copy_options::recursive);
    std::string path = fresh();
    std::string input = "m = models.load '" + folder.string() + "'\nm\n" + R"(
g = m:generate("Once upon a time", {max_tokens=12, temperature=1});
g.text, g.seed, #g.tokens, g.finish_reason
m:generate("Once", {max_tokens=8})
m:next("Once upon a", {top=3})
n = m:next("Once upon a", {top=3})
n[1].text
c = m:chat{}
c("Hello", {max_tokens=6}).text
#c.messages
m.tokenizer:encode("Once upon")
pieces = {} m:generate("The", {max_tokens=5, on_text=function(p) pieces[#pieces + 1] = p end})
pieces
m:logits({1, 2}).shape
m:generate("x", {max_token=3})
models.load "/no/such/model"
#m:generate_batch({"a", "b"}, {max_tokens=3})
)";
    Output typed = run_shell({"--record", path, "-i"}, input);
    INFO(typed.out << typed.err);
    CHECK(has(read(path), "\"call\":\"generate\""));
    CHECK(has(read(path), "\"load\":"));
    fs::remove_all(folder);
    Output replayed = run_shell({"--replay", path});
    INFO(replayed.out << replayed.err);
    CHECK(replayed.status == 0);
    CHECK(has(replayed.err, "replay: 18 of 18 entries printed what is recorded"));
    std::string text = read(path);
    text.replace(text.find("m:generate(\\\"Once\\\""), 19, "m:generate(\\\"Twice\\\"");
    std::ofstream(path) << text;
    replayed = run_shell({"--replay", path});
    INFO(replayed.err);
    CHECK(replayed.status == 1);
    CHECK(has(replayed.err, "the record has no answer to Model:generate("));
}
