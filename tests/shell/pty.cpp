// SPDX-License-Identifier: Apache-2.0
#include "pty.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "test.h"

namespace moonlet::test {
namespace {

using Clock = std::chrono::steady_clock;

std::string fresh_home() {
    static int count = 0;
    auto path = scratch() / ("home" + std::to_string(++count));
    std::filesystem::create_directories(path);
    return path.string();
}

// In the child: replaces the process by the shell.
[[noreturn]] void become_shell(const std::string& home, const std::vector<std::string>& arguments,
                               const std::vector<std::string>& environment,
                               const std::string& program = "") {
    std::string binary = program.empty() ? shell_binary() : program;
    std::vector<std::string> words = {binary},
                             variables = {"HOME=" + home, "PATH=/usr/local/bin:/usr/bin:/bin",
                                          "TERM=xterm-256color", "LANG=C.UTF-8"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    for (const char* kept : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"}) {
        if (const char* value = std::getenv(kept))
            variables.push_back(std::string(kept) + "=" + value);
    }
    for (const auto& given : environment) {
        std::string name = given.substr(0, given.find('=') + 1);
        std::erase_if(variables, [&](const auto& v) { return v.rfind(name, 0) == 0; });
        variables.push_back(given);
    }
    auto pointers = [](std::vector<std::string>& strings) {
        std::vector<char*> list;
        for (auto& text : strings) list.push_back(text.data());
        list.push_back(nullptr);
        return list;
    };
    auto argv = pointers(words), envp = pointers(variables);
    execve(binary.c_str(), argv.data(), envp.data());
    _exit(127);
}

}  // namespace

std::string shell_binary() {
    const char* given = std::getenv("MOONLET_BINARY");
    return given && *given ? given : MOONLET_BINARY;
}

Pty::Pty(PtyOptions options)
    : screen(options.columns, options.rows),
      home_(options.home.empty() ? fresh_home() : options.home),
      answer_(options.answer) {
    winsize size{static_cast<unsigned short>(options.rows),
                 static_cast<unsigned short>(options.columns), 0, 0};
    pid_ = forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ < 0) {
        if (std::getenv("MOONLET_CI")) throw std::runtime_error("no pseudo-terminal");
        skip("no pseudo-terminal here: is devpts mounted on /dev/pts?");
        throw Skipped{};
    }
    if (pid_ == 0) become_shell(home_, options.arguments, options.environment, options.program);
    if (options.wait_for_prompt && !wait_prompt()) {
        throw std::runtime_error("the shell shows no prompt:\n" + screen.all());
    }
}

Pty::~Pty() {
    if (!reaped_) {
        kill(pid_, SIGKILL);
        waitpid(pid_, &status_, 0);
    }
    hang_up();
}

void Pty::hang_up() {
    if (master_ >= 0) close(master_);
    master_ = -1;
}

bool Pty::pump(int milliseconds) {
    if (master_ < 0) {
        usleep(static_cast<useconds_t>(milliseconds) * 1000);
        return false;
    }
    pollfd descriptor{master_, POLLIN, 0};
    if (poll(&descriptor, 1, milliseconds) <= 0) return false;
    char buffer[65536];
    auto n = read(master_, buffer, sizeof buffer);
    if (n <= 0) {
        // The program has closed its end; without this a wait would spin.
        usleep(1000);
        return false;
    }
    screen.feed({buffer, static_cast<std::size_t>(n)});
    for (const auto& query : screen.take_queries()) {
        std::string bytes = answer_ ? answer_(query, screen) : "";
        if (!bytes.empty() && write(master_, bytes.data(), bytes.size()) < 0) return false;
    }
    return true;
}

void Pty::send(std::string_view bytes) {
    // What comes back is read in between: a pty that nobody reads stops taking keys.
    while (!bytes.empty()) {
        auto n = write(master_, bytes.data(), std::min<std::size_t>(bytes.size(), 1024));
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
        while (pump(0)) {
        }
    }
}

bool Pty::wait(const std::function<bool()>& done, int seconds) {
    auto limit = Clock::now() + std::chrono::seconds(seconds);
    while (!done()) {
        if (Clock::now() > limit) return false;
        pump(20);
    }
    return true;
}

bool Pty::wait_text(const std::string& text, int seconds) {
    return wait([&] { return screen.visible().find(text) != std::string::npos; }, seconds);
}

bool Pty::wait_prompt(int seconds) {
    auto there = [&] {
        return screen.cursor_column() == 2 && screen.row(screen.cursor_row()) == ">";
    };
    return wait(there, seconds);
}

void Pty::settle(int milliseconds) {
    while (pump(milliseconds)) {
    }
}

std::string Pty::ask(const std::string& text) {
    std::size_t start = screen.cursor_line();
    send(text + "\r");
    wait([&] {
        return screen.cursor_line() > start && screen.cursor_column() == 2 &&
               screen.line(screen.cursor_line()) == ">";
    });
    std::string answer;
    for (std::size_t i = start + 1; i < screen.cursor_line(); ++i) {
        answer += (answer.empty() ? "" : "\n") + screen.line(i);
    }
    return answer;
}

void Pty::start(const std::string& text) {
    std::size_t from = screen.cursor_line();
    send(text + "\r");
    wait([&] { return screen.cursor_line() > from && screen.cursor_column() == 0; });
    settle(100);
}

void Pty::line(const std::string& text) { ask(text); }

std::function<std::string(const std::string&, const Screen&)> terminal_answers(TerminalKind kind) {
    return [kind](const std::string& query, const Screen& screen) -> std::string {
        if (query == "\x1b[c" || query == "\x1b[0c") return "\x1b[?" + kind.features + "c";
        if (query == "\x1b[6n") {
            return "\x1b[" + std::to_string(screen.cursor_row() + 1) + ";" +
                   std::to_string(screen.cursor_column() + 1) + "R";
        }
        std::string end = query.back() == '\a' ? "\a" : "\x1b\\";
        for (const char* number : {"10", "11"}) {
            const std::string& colour = number[1] == '0' ? kind.front : kind.back;
            if (query.rfind("\x1b]" + std::string(number) + ";", 0) == 0 && !colour.empty()) {
                return "\x1b]" + std::string(number) + ";" + colour + end;
            }
        }
        std::size_t id = query.find("i=");
        if (query.rfind("\x1b_G", 0) == 0 && kind.kitty_graphics && id != std::string::npos) {
            std::string name = query.substr(id, query.find_first_of(",;", id) - id);
            return "\x1b_G" + name + ";OK\x1b\\";
        }
        return {};
    };
}

void Pty::resize(std::size_t columns, std::size_t rows, bool rewrap) {
    winsize size{static_cast<unsigned short>(rows), static_cast<unsigned short>(columns), 0, 0};
    screen.resize(columns, rows, rewrap);
    ioctl(master_, TIOCSWINSZ, &size);
}

void Pty::signal(int number) { kill(pid_, number); }

bool Pty::alive() {
    if (!reaped_ && waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
    return !reaped_;
}

int Pty::wait_exit(int seconds) {
    wait([&] { return !alive(); }, seconds);
    return reaped_ ? status_ : -1;
}

Output run_shell(const std::vector<std::string>& arguments, const std::string& input,
                 const std::vector<std::string>& environment) {
    static int count = 0;
    std::string base = (scratch() / ("run" + std::to_string(++count))).string();
    std::string home = fresh_home();
    auto slurp = [](const std::string& path) {
        std::string text;
        int file = open(path.c_str(), O_RDONLY);
        char buffer[4096];
        for (ssize_t n; (n = read(file, buffer, sizeof buffer)) > 0;)
            text.append(buffer, static_cast<std::size_t>(n));
        close(file);
        return text;
    };
    int in = open((base + ".in").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (write(in, input.data(), input.size()) < 0) throw std::runtime_error("cannot write input");
    lseek(in, 0, SEEK_SET);
    int out = open((base + ".out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open((base + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t child = fork();
    if (child == 0) {
        dup2(in, 0);
        dup2(out, 1);
        dup2(err, 2);
        become_shell(home, arguments, environment);
    }
    Output result{};
    waitpid(child, &result.status, 0);
    for (int file : {in, out, err}) close(file);
    result.status =
        WIFEXITED(result.status) ? WEXITSTATUS(result.status) : 128 + WTERMSIG(result.status);
    result.out = slurp(base + ".out");
    result.err = slurp(base + ".err");
    return result;
}

}  // namespace moonlet::test
