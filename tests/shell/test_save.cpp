// SPDX-License-Identifier: Apache-2.0
// :save and --replay: a session typed into the real program, its file run by the same program.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/wait.h>

#include "pty.h"
#include "shell/chunk_scan.h"
#include "shell/saved_session.h"
#include "test.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

namespace fs = std::filesystem;

std::string fresh_path() {
    static int count = 0;
    return (scratch() / ("session" + std::to_string(++count) + ".lua")).string();
}

std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

void replace(std::string& text, const std::string& from, const std::string& to) {
    std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
}

// What the session printed: no prompts, no banner, no answer of :save, no line about speed.
std::string printed(const std::string& out) {
    std::istringstream lines(out);
    std::string line, result;
    while (std::getline(lines, line)) {
        while (line.rfind("> ", 0) == 0 || line.rfind(".. ", 0) == 0)
            line.erase(0, line.find(' ') + 1);
        bool shell = line.rfind("moonlet 0.", 0) == 0 || line.rfind("saved ", 0) == 0 ||
                     line.rfind("  entry ", 0) == 0 || line.rfind("-- ", 0) == 0;
        if (!line.empty() && line != ">" && !shell) result += line + "\n";
    }
    return result;
}

struct Saved {
    std::string path, screen, text;
};

// Types the lines, saves.
Saved session(const std::string& input, const std::string& before = "") {
    Saved saved{fresh_path(), {}, {}};
    if (!before.empty()) write(saved.path, before);
    Output typed = run_shell({"-i"}, input + "\n:save " + saved.path + "\n");
    CHECK(typed.status == 0);
    saved.screen = typed.out;
    saved.text = read(saved.path);
    return saved;
}

// The file prints what was printed, and replays without a difference.
void check_round(const Saved& saved) {
    INFO(saved.text);
    Output ran = run_shell({saved.path});
    INFO(ran.err);
    CHECK(ran.status == 0);
    CHECK(printed(ran.out) == printed(saved.screen));
    Output replayed = run_shell({"--replay", saved.path});
    INFO(replayed.out << replayed.err);
    CHECK(replayed.status == 0);
}

bool no_engine() {
    if (run_shell({"-e", "assert(models.new)"}).status == 0) return false;
    skip("no engine in this build");
    return true;
}

}  // namespace

TEST_CASE("a session with errors, results, functions and Korean text is had again") {
    Saved saved = session(R"(local a, b = 1, 2
a + b
x = )
_ * 10, _2
error "no"
(function() return a, nil end)()
local 달 = "달빛"
달, {달, n = 1}
function twice(n)
  local function inner() return n * 2 end
  return inner()
end
twice(21)
twice(1);
a;
_
=b -- a comment
print("one"); io.write("two\n")
local r = 5 return r, "two"
r + 1
local a = 10
local function get() return a end
a = 11
get()
pcall(function() error "with its place" end)
math.random(1000)
math.random(1000), error "after drawing"
math.random(1000)
goto done do return 1 end ::done::
("text"):upper()
print)");
    check_round(saved);
    CHECK(saved.text.find("error \"no\"") == std::string::npos);
    CHECK(saved.text.find("x = )") == std::string::npos);
    CHECK(saved.text.find("replay.random(") != std::string::npos);
    CHECK(saved.screen.find("3 that failed left out") != std::string::npos);
    CHECK(saved.text.find("--> 달빛\t{\"달빛\", n = 1}") != std::string::npos);
}

TEST_CASE("more locals than one function may have") {
    std::string input;
    for (int i = 1; i <= 250; ++i)
        input += "local v" + std::to_string(i) + " = " + std::to_string(i) + "\n";
    for (int from : {1, 51, 101, 151, 201}) {
        for (int i = from; i < from + 50; ++i)
            input += (i > from ? " + v" : "v") + std::to_string(i);
        input += "\n";
    }
    Saved saved = session(input);
    check_round(saved);
    CHECK(printed(saved.screen) == "1275\n3775\n6275\n8775\n11275\n");
}

TEST_CASE("names of the file's own give way to the session's") {
    Saved saved = session("show = 3\nshow + 1\nlocal replay = 'mine'\nreplay");
    CHECK(saved.text.find("local show_ = replay_.show") != std::string::npos);
    check_round(saved);
}

TEST_CASE("print of the user's own, values of other widths, long output") {
    check_round(session("local old = print\nfunction print(...) old('mine', ...) end\n1, nil"));
    Saved saved = session(
        "t = {} for i = 1, 2000 do t[i] = ('%05d'):format(i) end\nt\n"
        "for i = 1, 1000 do print(i) end\nio.write('\\27[31mred\\27[0m\\r\\n');");
    CHECK(saved.text.find("--> … (more was printed)") != std::string::npos);
    CHECK(saved.text.find("--> red\\13") != std::string::npos);
    check_round(saved);
}

TEST_CASE("comments of the session's own stay its own") {
    Saved saved = session(
        "-- [7]\n1 + 1 -- [8]\ndo\n--> not printed\nend\nx = [[\n-- [9]\n--> y]]\n"
        "--> nor this\n#x");
    check_round(saved);
    CHECK(printed(saved.screen) == "2\n12\n");
    CHECK(run_shell({"/dev/stdin"}, "print(1)").out == "1\n");
}

TEST_CASE("what a failed entry left behind is warned of") {
    Saved saved = session("local kept = 1 error 'x'\nkept + 1\ny = 2 error 'x'\ny\n_err");
    CHECK(saved.screen.find("entry 2 uses kept, which entry 1 set before it failed") !=
          std::string::npos);
    CHECK(saved.screen.find("entry 4 uses y, which entry 3 set") != std::string::npos);
    CHECK(saved.screen.find("entry 5 uses _err") != std::string::npos);
    Output ran = run_shell({saved.path});
    CHECK(ran.status == 1);
    CHECK(ran.err.find("entry (2) failed") != std::string::npos);
}

TEST_CASE(":save writes over nothing unless told to, and leaves no half file") {
    Saved saved = session("1 + 1", "mine");
    CHECK(saved.text == "mine");
    CHECK(saved.screen.find("is there already; :save! ") != std::string::npos);
    Output over = run_shell({"-i"}, "1 + 1\n:save! " + saved.path + "\n");
    CHECK(over.out.find("saved 1 entry to " + saved.path) != std::string::npos);
    CHECK(is_saved_session(read(saved.path)));
    auto folder = scratch() / "locked";
    fs::create_directories(folder);
    CHECK(run_shell({"-i"}, "1\n:save " + folder.string()).out.find("is a folder") !=
          std::string::npos);
    CHECK(run_shell({"-i"}, "1\n:save /no/such/x.lua").out.find("cannot write") !=
          std::string::npos);
    CHECK(run_shell({"-i"}, "error'x'\n:save " + folder.string() + "/n").out.find("no entry has") !=
          std::string::npos);
    CHECK(fs::is_empty(folder));
}

TEST_CASE("--replay shows the session and says where an edited file prints something else") {
    Saved saved = session("n = 20\nn * 2\nprint 'a' print 'b' print 'c'\nn");
    std::string text = saved.text;
    replace(text, "n = 20", "n = 21");
    replace(text, "print 'b'", "print 'other'");
    write(saved.path, text);
    Output replayed = run_shell({"--replay", saved.path});
    INFO(replayed.out << replayed.err);
    CHECK(replayed.status == 1);
    CHECK(replayed.out.find("> n * 2\n42\n") != std::string::npos);
    CHECK(
        replayed.err.find("entry (2) printed something else: - recorded, + now\n  - 40\n  + 42") !=
        std::string::npos);
    CHECK(replayed.err.find("  - b\n  + other\n") != std::string::npos);
    CHECK(replayed.err.find("  - a\n") == std::string::npos);
    CHECK(replayed.err.find("1 of 4 entries") != std::string::npos);
    CHECK(run_shell({saved.path}).out == "42\na\nother\nc\n21\n");
    CHECK(run_shell({"--replay"}).status == 2);
    write(saved.path, "print(1)");
    CHECK(run_shell({"--replay", saved.path}).status == 2);
    CHECK(run_shell({"--replay", "/no/such/file"}).status == 2);
}

TEST_CASE("a block put around entries makes the file one chunk; a file may be edited") {
    Saved saved = session("n = 1\nn + 1");
    std::string text = saved.text;
    replace(text, "-- [1]", "-- [1]\nif true then");
    write(saved.path, text + "\nend\n");
    CHECK(run_shell({saved.path}).out == "2\n");
    CHECK(run_shell({"--replay", saved.path}).status == 1);
    replace(text, "if true then", "for i = 1, 2 do show(i, i) end");
    write(saved.path, text);
    CHECK(run_shell({saved.path}).out == "1\t1\n2\t2\n2\n");
}

TEST_CASE("the prompt goes on with a saved session, and saves it again") {
    Saved saved = session("local n = 1\nerror 'x'\nn + 1\n40 + 1;");
    std::string again = fresh_path();
    Output typed = run_shell({"-i", saved.path}, "n + 10, _, _3\n:save " + again + "\n");
    INFO(typed.out << typed.err);
    CHECK(typed.out.find("> 11\t41\t2\n") != std::string::npos);
    INFO(read(again));
    CHECK(read(again).find("-- [3]\nshow(n + 1)") != std::string::npos);
    CHECK(read(again).find("replay.silent(40 + 1)") != std::string::npos);
    CHECK(run_shell({again}).out == "2\n11\t41\t2\n");
}

TEST_CASE("an entry that Ctrl-C ended is left out", "[pty]") {
    Pty shell;
    std::string path = fresh_path();
    shell.line("n = 1");
    shell.start("io.write('in', 'side\\n') while true do n = n + 1 end");
    shell.wait_text("inside");  // else Ctrl-C may end the line that is being typed
    shell.send("\x03");
    shell.wait_text("interrupted");
    shell.line("print '달'");
    shell.line(":save " + path);
    shell.wait_text("saved 2 entries");  // the prompt alone may be the one before
    INFO(read(path));
    CHECK(read(path).find("while true") == std::string::npos);
    CHECK(read(path).find("-- [3]\nprint '달'\n--> 달\n") != std::string::npos);
    CHECK(run_shell({"--replay", path}).status == 0);
}

TEST_CASE("sampled answers and a training are had again; another model is said aloud") {
    if (no_engine()) return;
    auto folder = scratch() / "demo";
    fs::copy(root() / "examples/models/demo", folder, fs::copy_options::recursive);
    Saved saved = session("m = models.load '" + folder.string() + R"('
m:generate("Once upon a time", {max_tokens=12, temperature=1})
m:generate("Once", {max_tokens=12, temperature=1, stream=false}), error "drawn and lost"
g = m:generate("Once", {max_tokens=6, temperature=1})
#g.tokens, g.seed
for i = 1, 2 do m:generate("The", {max_tokens=4, temperature=1}) end
t = trainers.cpt{model=m, data={"달이 뜬다", "the moon rises", "one", "two"}, max_steps=3, lr=1e-3}
t:run()
t.history[1].loss, t.history[3].loss
m:generate("The moon", {max_tokens=8, temperature=1}).text)");
    check_round(saved);
    CHECK(saved.text.find("replay.seeds(") != std::string::npos);
    CHECK(saved.text.find("replay.weights(") != std::string::npos);
    CHECK(saved.screen.find("1 model pinned") != std::string::npos);
    std::string other = saved.text;
    std::size_t at = other.find("replay.seeds(") + 13;
    other[at] = other[at] == '1' ? '2' : '1';
    write(saved.path, other);
    CHECK(run_shell({"--replay", saved.path}).status == 1);
    write(saved.path, saved.text);
    std::fstream weights(folder / "model.safetensors", std::ios::in | std::ios::out);
    weights.seekg(-1, std::ios::end);
    char last = static_cast<char>(weights.get());
    weights.seekp(-1, std::ios::end);
    weights.put(static_cast<char>(last ^ 1));
    weights.close();
    Output replayed = run_shell({"--replay", saved.path});
    CHECK(replayed.status == 1);
    CHECK(replayed.err.find("is not the one of this session") != std::string::npos);
}

TEST_CASE("times, rates and addresses may differ, results may not") {
    CHECK(same_output("3 + 4 tokens · 35.5 tok/s · first after 12 ms · stop",
                      "3 + 4 tokens · 9 tok/s · first after 1,200 ms · stop"));
    CHECK(same_output("| (9.5 tok/s)     | a", "| (1200.5 tok/s)  | a"));
    CHECK(same_output("table: 0x7f120a", "table: 0x55aa1e12"));
    CHECK_FALSE(same_output("3 + 4 tokens · 35 tok/s", "3 + 5 tokens · 35 tok/s"));
    CHECK_FALSE(same_output("12 sheep", "13 sheep"));
    CHECK_FALSE(same_output("loss 1.25", "loss 1.26"));
    CHECK_FALSE(same_output("a", "b"));
}

TEST_CASE("where a top-level return stands") {
    auto returned = [](const std::string& text) {
        ChunkScan scan = scan_chunk(text, false);
        if (scan.return_begin == std::string::npos) return std::string("none");
        return text.substr(scan.return_begin, scan.return_end - scan.return_begin);
    };
    CHECK(returned("local a = 1 return a, f(2) ; -- x") == "return a, f(2)");
    CHECK(returned("return") == "return");
    CHECK(returned("do return 1 end") == "none");
    CHECK(returned("function f() return 1 end") == "none");
}
