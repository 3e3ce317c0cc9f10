// SPDX-License-Identifier: Apache-2.0
#include "shell/side_output.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace moonlet::side_output {
namespace {

constexpr int kPipeSize = 1 << 20;  // so much may a background child write while an entry runs
constexpr int kFirstDescriptor = 20;

// Plain globals: a signal handler reads them.
int ends[2] = {-1, -1};
int saved[3] = {-1, -1, -1};  // of 1 and 2, where they are the terminal
volatile sig_atomic_t on = 0;

bool same_file(int a, int b) {
    struct stat one {
    }, two{};
    return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_rdev == two.st_rdev &&
           one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

bool open_pipe() {
    static bool tried = false;
    if (tried) return ends[0] >= 0;
    tried = true;
    int made[2];
    if (!isatty(STDOUT_FILENO) || pipe2(made, O_CLOEXEC) != 0) return false;
    for (int i : {0, 1}) {
        ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, kFirstDescriptor);
        close(made[i]);
    }
    saved[1] = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, kFirstDescriptor);
    if (same_file(STDOUT_FILENO, STDERR_FILENO))
        saved[2] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, kFirstDescriptor);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
    return ends[0] >= 0 && ends[1] >= 0 && saved[1] >= 0;
}

void redirect(bool into_pipe) {
    for (int number : {STDOUT_FILENO, STDERR_FILENO})
        if (saved[number] >= 0) dup2(into_pipe ? ends[1] : saved[number], number);
}

// To the terminal, as a handler may do it.
void pass_on() {
    char buffer[4096];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
        for (ssize_t done = 0; done < n;) {
            auto written = ::write(saved[1], buffer + done, static_cast<std::size_t>(n - done));
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return;
            done += written;
        }
    }
}

}  // namespace

void begin() {
    if (on || !open_pipe()) return;
    on = 1;
    redirect(true);
}

void end() {
    if (!on) return;
    on = 0;
    redirect(false);
    pass_on();
}

int terminal() { return saved[1] >= 0 ? saved[1] : STDOUT_FILENO; }

int readable() { return on ? ends[0] : -1; }

std::string take() {
    std::string bytes;
    char buffer[65536];
    for (ssize_t n; ends[0] >= 0 && (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
        bytes.append(buffer, static_cast<std::size_t>(n));
        if (bytes.size() >= kPipeSize) break;  // who writes without end must not stop the keys
    }
    return bytes;
}

void lend() {
    if (!on && ends[0] >= 0) redirect(true);
}

void lend_no_more() {
    if (on || ends[0] < 0) return;
    redirect(false);
    pass_on();
}

}  // namespace moonlet::side_output
