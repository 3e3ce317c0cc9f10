// SPDX-License-Identifier: Apache-2.0
// bench_shell: what a prompt costs whoever types at it, ours beside others on the same machine in
// the same run, through a pseudo-terminal. A row is a measure: the goal, ours, ours as per cent of
// the goal, then the others; "-" = has no such thing, "never" = not within 5 s.
// usage: bench_shell FOLDER NAME=COMMAND… [-- MEASURE…]
//   FOLDER is a home of their own, with wide.jsonl (10^6 rows) where the dataset is measured; the
//   first NAME is ours; NAME is one of moonlet luajit python3 ipython sqlite3; COMMAND is split at
//   blanks.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "terminal.h"

namespace moonlet::bench {
namespace {

constexpr int kRuns = 20;
constexpr double kNone = -2, kNever = -1;  // instead of a figure

// How one speaks to it. Empty: it has no such thing, and the measure is left out.
struct Dialect {
    std::string prompt, noop_flag, noop;
    std::string code;         // a line to type
    std::string line, last;   // pasted lines, and one that prints QWQWQW
    bool brackets;            // it knows bracketed paste
    std::string busy;         // a loop without end
    std::string names, name;  // makes 10,000 globals; what is typed before Tab
};

const std::map<std::string, Dialect>& dialects() {
    const std::string lua =
        "for i, name in ipairs({'a', 'b'}) do io.write((\"%d %s\"):format(i, name:upper())) end";
    const std::string python = "print([str(n).upper() for n in sorted([1, 22, 333]) if n > 2])";
    const std::string lua_last = "print('QWQ' .. 'WQW')", python_last = "print('QWQ' + 'WQW')";
    const std::string python_names = "globals().update({'gg%d' % i: i for i in range(10000)})";
    static const std::map<std::string, Dialect> all = {
        {"moonlet",
         {"> ", "-e", "", lua, "x1 = (x1 or 0) + 1", lua_last, true, "while true do end",
          "for i = 1, 10000 do _G['gg' .. i] = i end", "gg99"}},
        {"luajit",
         {"> ", "-e", "", lua, "x1 = (x1 or 0) + 1", lua_last, false, "while true do end", "", ""}},
        {"python3",
         {">>> ", "-c", "0", python, "x1 = 10 + 1", python_last, false, "while True: pass\r",
          python_names, "gg99"}},
        {"ipython",
         {"In [", "-c", "0", python, "x1 = 10 + 1", python_last, true, "while True: pass",
          python_names, "gg99"}},
        {"sqlite3",
         {"sqlite> ", "-version", "", "select name, count(*) from sqlite_master group by name;",
          "select 10 + 1;", "select 'QWQ' || 'WQW';", false,
          "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c;",
          "", ""}},
    };
    return all;
}

struct Program {
    std::string name;
    std::vector<std::string> command;
    Dialect speaks;
};

struct Figure {
    std::string name;
    double goal;
    const char* unit;
    std::vector<double> values;  // one for each program
};

std::vector<std::string> environment;

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

double part(std::vector<double> values, double share) {
    if (values.empty()) return kNone;
    std::sort(values.begin(), values.end());
    auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(at, 1) - 1];
}

double median(const std::vector<double>& values) { return part(values, 0.5); }

// The program with its prompt standing there.
struct Ready : Terminal {
    double ms;
    explicit Ready(const Program& program) : Terminal(program.command, environment) {
        ms = until(program.speaks.prompt, 0, 20000);
        settle(program.name == "ipython" ? 300 : 50);
    }
};

double noop_ms(const Program& program) {
    auto begin = Clock::now();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int fd : {0, 1, 2}) dup2(null, fd);
        auto command = program.command;
        while (command.size() > 1 && command.back()[0] == '-') command.pop_back();
        command.push_back(program.speaks.noop_flag);
        command.push_back(program.speaks.noop);
        if (program.speaks.noop_flag == "-version") command.pop_back();
        become(command, environment);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return kNone;
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void enter(Terminal& terminal, const Program& program, const std::string& text) {
    terminal.send(text);
    terminal.settle(150);
    terminal.send("\r");
    terminal.settle(300);
    if (program.name == "ipython" && program.speaks.names == text) terminal.settle(500);
}

// Types a line that history knows already, so that highlight and hint have work to do.
double echo_ms(const Program& program) {
    Ready terminal(program);
    enter(terminal, program, program.speaks.code);
    std::vector<double> times;
    for (int round = 0; round < 3; ++round) {
        for (char key : program.speaks.code) {
            terminal.send(std::string(1, key));
            double ms = terminal.first_byte();
            if (ms >= 0) times.push_back(ms);
            terminal.settle(4);
        }
        terminal.send("\x03");
        terminal.settle(100);
    }
    return part(times, 0.95);
}

// The lines as one paste, run by Enter: until the last one's result stands there.
double paste_ms(const Program& program, std::size_t lines, const std::string& line) {
    Ready terminal(program);
    std::string text;
    for (std::size_t i = 1; i < lines; ++i) text += line + "\n";
    text += program.speaks.last;
    if (program.speaks.brackets) text = "\x1b[200~" + text + "\x1b[201~";
    terminal.send(text + "\r");
    double ms = terminal.until("QWQWQW", 150, 60000);
    return ms < 0 ? kNever : ms;
}

double megabyte_ms(const Program& program) {
    if (!program.speaks.brackets) return kNone;
    std::string line = program.speaks.line;
    if (program.name != "moonlet") line = "x1 = 10 + 1  # a longer line to make the megabyte of";
    return paste_ms(program, (1 << 20) / (line.size() + 1), line);
}

double completion_ms(const Program& program) {
    if (program.speaks.names.empty()) return kNone;
    Ready terminal(program);
    enter(terminal, program, program.speaks.names);
    std::vector<double> times;
    for (int i = 0; i < 10; ++i) {
        terminal.send(program.speaks.name);
        terminal.settle(150);
        terminal.send("\t");
        double first = terminal.first_byte();
        // python3 only rings at the first Tab of an ambiguous name
        if (program.name == "python3") {
            terminal.settle(100);
            terminal.send("\t");
            first = terminal.first_byte();
        }
        double last = terminal.until("", 100, 5000);
        if (first >= 0 && last >= 0) times.push_back(last);
        terminal.send("\x03");
        terminal.settle(100);
        terminal.send("\x03");
        terminal.settle(100);
    }
    return part(times, 0.95);
}

double interrupt_ms(const Program& program) {
    Ready terminal(program);
    enter(terminal, program, program.speaks.busy);
    std::string mark = program.speaks.prompt;
    if (program.name == "moonlet") mark = "interrupted";  // "> " may be part of what it says
    terminal.send("\x03");
    double ms = terminal.until(mark, 100, 5000);
    return ms < 0 ? kNever : ms;
}

// Ours only: an expression printed at the prompt, after it was made and printed once.
double print_ms(const Program& program, const std::string& make, const std::string& shown) {
    if (program.name != "moonlet") return kNone;
    Ready terminal(program);
    std::string name = make.substr(0, make.find(' '));
    std::vector<double> times;
    terminal.send(make + "; print('QWQ' .. 'WQW')\r");
    if (terminal.until("QWQWQW", 200, 120000) < 0) return kNever;
    for (int i = 0; i < 9; ++i) {
        terminal.send(name + "\r");
        double ms = terminal.until(shown, 100, 20000);
        if (ms < 0) return kNever;
        times.push_back(ms);
    }
    return median(times);
}

const char* const kTensor =
    "t = (function() local m = models.new{family='llama', vocab_size=16384, hidden_size=64, "
    "num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1, intermediate_size=64, "
    "max_position_embeddings=16} local l = m:logits{1} return l:transpose():matmul(l) end)()";

class Bench {
  public:
    Bench(std::vector<Program> programs, std::vector<std::string> wanted, std::string folder)
        : programs_(std::move(programs)), wanted_(std::move(wanted)), folder_(std::move(folder)) {}

    void run() {
        std::printf("%-34s %10s %9s %8s", "", "goal", programs_[0].name.c_str(), "of goal");
        for (std::size_t i = 1; i < programs_.size(); ++i)
            std::printf(" %9s", programs_[i].name.c_str());
        std::printf("\n");
        if (wants("prompt")) start();
        if (wants("echo")) row("key echo with hints, p95", 2, "ms", echo_ms);
        if (wants("paste")) {
            row("1,000 lines pasted and run", 100, "ms",
                [](const Program& p) { return paste_ms(p, 1000, p.speaks.line); });
            row("1 MB pasted and run", 1000, "ms", megabyte_ms);
        }
        if (wants("completion")) row("Tab among 10,000 globals, p95", 20, "ms", completion_ms);
        if (wants("interrupt")) row("Ctrl-C in a loop to the prompt", 50, "ms", interrupt_ms);
        if (wants("dataset") && std::filesystem::exists(folder_ + "/wide.jsonl"))
            row("a dataset of 10^6 rows prints", 20, "ms", [this](const Program& p) {
                return print_ms(p, "d = datasets.load('" + folder_ + "/wide.jsonl') n = #d",
                                "rows");
            });
        if (wants("tensor"))
            row("a tensor of 1 GB prints", 5, "ms",
                [](const Program& p) { return print_ms(p, kTensor, "16384"); });
    }

  private:
    std::vector<Program> programs_;
    std::vector<std::string> wanted_;
    std::string folder_;

    bool wants(const std::string& measure) const {
        return wanted_.empty() ||
               std::find(wanted_.begin(), wanted_.end(), measure) != wanted_.end();
    }

    static std::string text(double value) {
        if (value == kNone) return "-";
        if (value == kNever) return "never";
        char out[32];
        std::snprintf(out, sizeof out, value < 100 ? "%.2f" : "%.0f", value);
        return out;
    }

    static void show(const Figure& figure) {
        double ours = figure.values[0];
        std::string goal = text(figure.goal) + " " + figure.unit, share = "-";
        if (ours >= 0) share = std::to_string(std::lround(100 * ours / figure.goal)) + " %";
        if (figure.goal <= 0) goal = share = "";
        std::printf("%-34s %10s %9s %8s", figure.name.c_str(), goal.c_str(), text(ours).c_str(),
                    share.c_str());
        for (std::size_t i = 1; i < figure.values.size(); ++i)
            std::printf(" %9s", text(figure.values[i]).c_str());
        std::printf("\n");
        std::fflush(stdout);
    }

    std::vector<double> row(const char* name, double goal, const char* unit,
                            const std::function<double(const Program&)>& measure) {
        Figure figure{name, goal, unit, {}};
        for (const Program& program : programs_) figure.values.push_back(measure(program));
        show(figure);
        return figure.values;
    }

    // The start, in turns, so that all see the same machine; and what it costs.
    void start() {
        std::vector<std::vector<double>> prompt(programs_.size()), noop = prompt, memory = prompt;
        for (int run = 0; run < kRuns; ++run) {
            for (std::size_t i = 0; i < programs_.size(); ++i) {
                Terminal terminal(programs_[i].command, environment);
                double ms = terminal.until(programs_[i].speaks.prompt, 0, 20000);
                if (ms < 0) continue;
                prompt[i].push_back(ms);
                memory[i].push_back(terminal.resident_mb());
                double none = noop_ms(programs_[i]);
                if (none >= 0) noop[i].push_back(none);
            }
        }
        auto medians = [](const std::vector<std::vector<double>>& all) {
            std::vector<double> out;
            for (const auto& values : all) out.push_back(median(values));
            return out;
        };
        std::vector<double> ms = medians(prompt);
        show({"start to prompt, median", 30, "ms", ms});
        for (std::size_t i = 0; i < programs_.size(); ++i)
            if (programs_[i].name == "ipython" && ms[i] > 0)
                show({"  of ipython's", 0.15, "", {ms[0] / ms[i]}});
        show({"a no-op (-e '' or -c 0), median", 15, "ms", medians(noop)});
        show({"resident at the prompt", 25, "MB", medians(memory)});
        Ready terminal(programs_[0]);
        if (programs_[0].name != "moonlet") return;
        for (const char* keys : {"json.encode{1}\r", "?models.load\r", "mod\t"}) {
            terminal.send(keys);
            terminal.settle(200);
        }
        show({"  after json, ?help and a Tab", 0, "MB", {terminal.resident_mb()}});
        std::printf("  LibTorch mapped by then: %s\n", terminal.maps("libtorch") ? "YES" : "no");
    }
};

}  // namespace
}  // namespace moonlet::bench

int main(int count, char** words) {
    using namespace moonlet::bench;
    std::string folder = count > 1 ? words[1] : "";
    std::vector<Program> programs;
    std::vector<std::string> wanted;
    for (int i = 2, behind = 0; i < count; ++i) {
        std::string word = words[i];
        if (word == "--") behind = 1;
        else if (behind) wanted.push_back(word);
        else {
            std::string name = word.substr(0, word.find('='));
            auto found = dialects().find(name);
            if (found == dialects().end()) continue;
            programs.push_back({name, words_of(word.substr(name.size() + 1)), found->second});
        }
    }
    if (programs.empty()) {
        std::fputs("usage: bench_shell FOLDER NAME=COMMAND… [-- MEASURE…]\n", stderr);
        return 2;
    }
    environment = {"HOME=" + folder, "TERM=xterm-256color", "XDG_STATE_HOME=" + folder + "/state",
                   "XDG_CONFIG_HOME=" + folder + "/config", "IPYTHONDIR=" + folder + "/ipython"};
    signal(SIGPIPE, SIG_IGN);
    Bench(programs, wanted, folder).run();
}
