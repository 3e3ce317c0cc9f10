// SPDX-License-Identifier: Apache-2.0
// bench_startup: how soon a prompt stands there and what it costs, beside other prompts on the same
// machine in the same run. For each program: median ms from fork to the prompt's bytes on a
// pseudo-terminal, median ms of a no-op (-e '' or -c ''), resident MB at the prompt. For moonlet it
// then checks that json.encode, ?models.load and a Tab still have not mapped LibTorch.
// usage: bench_startup NAME PROMPT NOOP_FLAG COMMAND [ARGUMENT…] [-- NAME PROMPT …]…
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRuns = 20;

struct Program {
    std::string name, prompt, noop;
    std::vector<std::string> command;
};

double ms_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? -1 : values[values.size() / 2];
}

void execute(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
}

// One running prompt on a pseudo-terminal.
struct Session {
    int master = -1;
    pid_t pid = -1;
    std::string seen;

    explicit Session(const std::vector<std::string>& command) {
        winsize size{24, 80, 0, 0};
        pid = forkpty(&master, nullptr, nullptr, &size);
        if (pid == 0) {
            setenv("TERM", "xterm-256color", 1);
            execute(command);
        }
    }
    ~Session() {
        kill(pid, SIGKILL);
        close(master);
        waitpid(pid, nullptr, 0);
    }
    // Reads until `text` has come (ipython asks the terminal where its cursor is: it is answered).
    bool wait(const std::string& text, int limit_ms = 20000) {
        auto begin = Clock::now();
        while (ms_since(begin) < limit_ms) {
            if (seen.find(text) != std::string::npos) return true;
            pollfd p{master, POLLIN, 0};
            if (poll(&p, 1, 50) <= 0) continue;
            char block[4096];
            ssize_t got = read(master, block, sizeof block);
            if (got <= 0) return false;
            seen.append(block, size_t(got));
            if (seen.find("\x1b[6n") != std::string::npos) {
                seen.erase(seen.find("\x1b[6n"), 4);
                send("\x1b[1;1R");
            }
        }
        return false;
    }
    void settle(int quiet_ms) {
        for (;;) {
            pollfd p{master, POLLIN, 0};
            if (poll(&p, 1, quiet_ms) <= 0) return;
            char block[4096];
            if (read(master, block, sizeof block) <= 0) return;
        }
    }
    void send(const std::string& bytes) {
        if (write(master, bytes.data(), bytes.size()) < 0) return;
    }
    double resident_mb() const {
        std::ifstream status("/proc/" + std::to_string(pid) + "/status");
        for (std::string line; std::getline(status, line);)
            if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) / 1024;
        return -1;
    }
    bool maps(const std::string& library) const {
        std::ifstream file("/proc/" + std::to_string(pid) + "/maps");
        for (std::string line; std::getline(file, line);)
            if (line.find(library) != std::string::npos) return true;
        return false;
    }
};

double noop_ms(const Program& program) {
    auto begin = Clock::now();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int fd : {0, 1, 2}) dup2(null, fd);
        // ipython takes an empty -c for none
        execute({program.command[0], program.noop, program.noop == "-c" ? "0" : ""});
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ms_since(begin) : -1;
}

void measure(const Program& program) {
    std::vector<double> to_prompt, noop, memory;
    for (int i = 0; i < kRuns; ++i) {
        auto begin = Clock::now();
        Session session(program.command);
        if (!session.wait(program.prompt)) {
            std::printf("%-10s no prompt %s came\n", program.name.c_str(), program.prompt.c_str());
            return;
        }
        to_prompt.push_back(ms_since(begin));
        memory.push_back(session.resident_mb());
        noop.push_back(noop_ms(program));
    }
    std::printf("%-10s %9.1f %9.1f %9.1f\n", program.name.c_str(), median(to_prompt), median(noop),
                median(memory));
}

void check_lazy(const Program& program) {
    Session session(program.command);
    session.wait(program.prompt);
    for (const char* keys : {"json.encode{1}\r", "?models.load\r", "mod\t"}) {
        session.send(keys);
        session.settle(300);
    }
    std::printf(
        "%s after json.encode, ?models.load and a Tab: LibTorch mapped: %s, resident %.1f MB\n",
        program.name.c_str(), session.maps("libtorch") ? "YES" : "no", session.resident_mb());
}

}  // namespace

int main(int count, char** words) {
    std::vector<Program> programs(1);
    std::vector<std::string> fields;
    auto take = [&] {
        if (fields.size() >= 4)
            programs.back() = {fields[0], fields[1], fields[2], {fields.begin() + 3, fields.end()}};
        fields.clear();
    };
    for (int i = 1; i < count; ++i) {
        if (std::string(words[i]) == "--") {
            take();
            programs.emplace_back();
        } else {
            fields.emplace_back(words[i]);
        }
    }
    take();
    std::printf("%-10s %9s %9s %9s   (median of %d)\n", "", "prompt ms", "no-op ms", "MB", kRuns);
    for (const Program& program : programs) measure(program);
    check_lazy(programs.front());
}
