// SPDX-License-Identifier: Apache-2.0
#include "shell/child_run.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bindings/lua_state.h"

extern char** environ;

namespace moonlet {
namespace {

std::string own_path() {
    char path[4096];
    auto n = ::readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : "moonlet";
}

}  // namespace

ChildResult run_self(const std::vector<std::string>& arguments) {
    ChildResult result;
    std::vector<std::string> words = {own_path()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return result;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t child = 0;
    int failure = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    char buffer[4096];
    while (failure == 0) {
        auto n = ::read(ends[0], buffer, sizeof buffer);
        if (n > 0) {
            if (result.errors.size() < (1u << 20))
                result.errors.append(buffer, static_cast<std::size_t>(n));
        } else if (n == 0 || errno != EINTR) {
            break;
        } else if (interrupt_flag().load() != kInterruptNone) {
            ::kill(child, SIGTERM);
        }
    }
    ::close(ends[0]);
    if (failure != 0) return result;
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    reset_interrupt();
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

}  // namespace moonlet
