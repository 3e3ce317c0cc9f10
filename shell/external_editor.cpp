// SPDX-License-Identifier: Apache-2.0
#include "shell/external_editor.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <sys/wait.h>
#include <unistd.h>

namespace moonlet {
namespace {

std::string editor_command() {
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* value = std::getenv(name);
        if (value && *value) return value;
    }
    return "vi";
}

// The command may have arguments of its own, so a shell takes it apart; the file is its `$1`.
int run(const std::string& command, const std::string& path) {
    struct sigaction ignore {
    }, interrupt, quit;
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    std::string script = command + " \"$1\"";
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        execl("/bin/sh", "sh", "-c", script.c_str(), "sh", path.c_str(), nullptr);
        _exit(127);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    sigaction(SIGINT, &interrupt, nullptr);
    sigaction(SIGQUIT, &quit, nullptr);
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::string edit_in_editor(std::string* text) {
    const char* folder = std::getenv("TMPDIR");
    std::string path = std::string(folder && *folder ? folder : "/tmp") + "/moonlet-XXXXXX.lua";
    int file = mkstemps(path.data(), 4);
    if (file < 0) {
        return "cannot write " + path + ": " + std::strerror(errno) +
               "; TMPDIR names the folder to use";
    }
    std::string whole = *text + "\n";
    std::size_t written = 0;
    while (written < whole.size()) {
        auto n = write(file, whole.data() + written, whole.size() - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        written += static_cast<std::size_t>(n);
    }
    close(file);
    std::string command = editor_command(), problem;
    if (written < whole.size()) {
        problem = "cannot write " + path + ": " + std::strerror(errno);
    } else if (int status = run(command, path); status != 0) {
        problem = "the editor '" + command + "' " +
                  (status == 127 ? "was not found; VISUAL or EDITOR names the one to use"
                                 : "ended with an error; the text is as it was");
    } else {
        std::ifstream in(path, std::ios::binary);
        std::string now{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        while (!now.empty() && (now.back() == '\n' || now.back() == '\r')) now.pop_back();
        if (in.good() || in.eof()) *text = now;
    }
    unlink(path.c_str());
    return problem;
}

}  // namespace moonlet
