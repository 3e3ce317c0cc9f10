// SPDX-License-Identifier: Apache-2.0
#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace moonlet::bench {

void become(const std::vector<std::string>& command, const std::vector<std::string>& variables) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    for (const std::string& variable : variables) putenv(const_cast<char*>(variable.c_str()));
    execvp(words[0], words.data());
    _exit(127);
}

Terminal::Terminal(const std::vector<std::string>& command,
                   const std::vector<std::string>& variables, int columns, int rows) {
    winsize size{static_cast<unsigned short>(rows), static_cast<unsigned short>(columns), 0, 0};
    pid_ = forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ == 0) become(command, variables);
    fcntl(master_, F_SETFL, O_NONBLOCK);
}

Terminal::~Terminal() {
    kill(pid_, SIGKILL);
    close(master_);
    waitpid(pid_, nullptr, 0);
}

double Terminal::now() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin_).count();
}

bool Terminal::pump(int ms) {
    pollfd descriptor{master_, POLLIN, 0};
    if (poll(&descriptor, 1, ms) <= 0) return false;
    char block[65536];
    ssize_t got = read(master_, block, sizeof block);
    if (got <= 0) return false;
    last_ = now();
    if (first_ < 0) first_ = last_;
    std::size_t from = seen_.size() < 3 ? 0 : seen_.size() - 3;
    seen_.append(block, static_cast<std::size_t>(got));
    // ipython asks where the cursor is and waits for the answer.
    for (std::size_t at; (at = seen_.find("\x1b[6n", from)) != std::string::npos;) {
        seen_.erase(at, 4);
        if (write(master_, "\x1b[1;1R", 6) < 0) return false;
    }
    return true;
}

void Terminal::send(const std::string& keys) {
    seen_.clear();
    first_ = last_ = -1;
    begin_ = Clock::now();
    for (std::size_t at = 0; at < keys.size();) {
        ssize_t sent =
            write(master_, keys.data() + at, std::min<std::size_t>(keys.size() - at, 4096));
        if (sent > 0) {
            at += static_cast<std::size_t>(sent);
        } else {
            pollfd descriptor{master_, POLLIN | POLLOUT, 0};
            if (poll(&descriptor, 1, 20000) <= 0) return;
        }
        if (keys.size() > 4096)
            while (pump(0)) {
            }
    }
}

double Terminal::first_byte(int limit_ms) {
    while (first_ < 0 && now() < limit_ms) pump(limit_ms);
    return first_;
}

double Terminal::until(const std::string& text, int quiet_ms, int limit_ms) {
    while (seen_.find(text) == std::string::npos) {
        if (now() > limit_ms) return -1;
        pump(50);
    }
    settle(quiet_ms);
    return last_;
}

void Terminal::settle(int quiet_ms) {
    while (pump(quiet_ms)) {
    }
}

double Terminal::resident_mb() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) / 1024;
    return -1;
}

bool Terminal::maps(const std::string& library) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/maps");
    for (std::string line; std::getline(file, line);)
        if (line.find(library) != std::string::npos) return true;
    return false;
}

}  // namespace moonlet::bench
