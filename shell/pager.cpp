// SPDX-License-Identifier: Apache-2.0
#include "shell/pager.h"

#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bindings/lua_state.h"
#include "shell/text.h"

namespace moonlet {
namespace {

// Rows of the screen that the text takes, counted up to `enough`.
int rows_of(const std::string& text, int columns, int enough) {
    int rows = 0;
    for (std::size_t at = 0; at < text.size() && rows < enough;) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        int width = text_width(std::string_view(text).substr(at, end - at));
        rows += std::max((width + columns - 1) / columns, 1);
        at = end + 1;
    }
    return rows;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR && interrupt_flag().load() == kInterruptNone) continue;
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool is_installed(const char* program) {
    const char* path = std::getenv("PATH");
    std::string_view folders = path ? path : "/usr/bin:/bin";
    while (!folders.empty()) {
        std::size_t end = std::min(folders.find(':'), folders.size());
        std::string file = std::string(folders.substr(0, end)) + "/" + program;
        if (::access(file.c_str(), X_OK) == 0) return true;
        folders.remove_prefix(std::min(end + 1, folders.size()));
    }
    return false;
}

// Feeds a child process. Ctrl-C is the pager's: here it only ends the feeding.
bool through(const std::string& command, const std::string& begun, const Pieces& pieces) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    struct sigaction ignore {
    }, before{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    pid_t child = ::fork();
    if (child == 0) {
        ::sigaction(SIGPIPE, &before, nullptr);
        ::signal(SIGINT, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        ::dup2(ends[0], STDIN_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(ends[0]);
    bool wanted = child > 0 && write_all(ends[1], begun);
    for (std::string piece; wanted && pieces(&piece);) wanted = write_all(ends[1], piece);
    ::close(ends[1]);
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ::sigaction(SIGPIPE, &before, nullptr);
    return child > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

// A key without Enter; 'q' when there is no terminal to ask.
char read_key() {
    termios old{}, raw{};
    if (::tcgetattr(STDIN_FILENO, &old) != 0) return 'q';
    raw = old;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    char key = 'q';
    ssize_t n = ::read(STDIN_FILENO, &key, 1);
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &old);
    return n == 1 ? key : 'q';
}

void own(const std::string& begun, const Pieces& pieces, int columns, int rows) {
    std::string text = begun, piece;
    int left = std::max(rows - 1, 1);
    bool more = true;
    while (more || !text.empty()) {
        std::size_t end = text.find('\n');
        while (more && end == std::string::npos) {
            more = pieces(&piece);
            if (more) text += piece;
            end = text.find('\n');
        }
        if (text.empty()) return;
        std::string line = text.substr(0, end);
        text.erase(0, end == std::string::npos ? text.size() : end + 1);
        left -= std::max((text_width(line) + columns - 1) / columns, 1);
        if (!write_all(STDOUT_FILENO, line + "\n")) return;
        if (left > 0 || (!more && text.empty())) continue;
        write_all(STDOUT_FILENO, "-- space: more, Enter: a line, q: enough --");
        char key = read_key();
        write_all(STDOUT_FILENO, "\r\x1b[K");
        if (key == 'q' || key == 'Q' || key == 3 || key == 4 || key == 27) return;
        left = key == '\r' || key == '\n' ? 1 : std::max(rows - 1, 1);
    }
}

}  // namespace

void show_paged(const Pieces& pieces, int columns, int rows) {
    std::fflush(stdout);
    columns = std::max(columns, 1);
    bool terminal = ::isatty(STDOUT_FILENO) && ::isatty(STDIN_FILENO);
    std::string begun, piece;
    bool more = true;
    while (more && (!terminal || rows_of(begun, columns, rows) < rows)) {
        more = pieces(&piece);
        if (!more) break;
        begun += piece;
        if (terminal) continue;
        if (!write_all(STDOUT_FILENO, begun)) return;
        begun.clear();
    }
    if (!begun.empty() && begun.back() != '\n' && !more) begun += "\n";
    if (!terminal || (!more && rows_of(begun, columns, rows) < rows)) {
        write_all(STDOUT_FILENO, begun);
        return;
    }
    const char* chosen = std::getenv("PAGER");
    std::string command = chosen && *chosen ? chosen : is_installed("less") ? "less -FRX" : "";
    if (command.empty() || !through(command, begun, pieces)) own(begun, pieces, columns, rows);
}

}  // namespace moonlet
