// SPDX-License-Identifier: Apache-2.0
#include "shell/terminal.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shell/side_output.h"

namespace moonlet {
namespace {

constexpr std::string_view kPasteOn = "\x1b[?2004h", kPasteOff = "\x1b[?2004l";
constexpr int kFatal[] = {SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

// What a handler needs to put the terminal back. Plain globals: a handler may read nothing else.
termios original;
int raw_input = -1, raw_output = -1;
volatile sig_atomic_t is_raw = 0;
volatile sig_atomic_t size_changed = 0;
volatile sig_atomic_t ending = 0;  // the signal that ends the process once the draft is safe

void restore() {
    side_output::end();
    if (!is_raw) return;
    is_raw = 0;
    [[maybe_unused]] auto n = ::write(raw_output, kPasteOff.data(), kPasteOff.size());
    tcsetattr(raw_input, TCSADRAIN, &original);
}

void on_fatal(int number) {
    if (is_raw && !ending && (number == SIGHUP || number == SIGTERM)) {
        ending = number;
        return;
    }
    restore();
    signal(number, SIG_DFL);
    raise(number);
}

void on_resize(int) { size_changed = 1; }
void on_nothing(int) {}

void install_handlers() {
    static bool done = false;
    if (done) return;
    done = true;
    std::atexit(restore);
    struct sigaction action {};
    action.sa_handler = on_resize;
    sigaction(SIGWINCH, &action, nullptr);
    // A file that may not grow is a write that fails, not the end. Children get the default back.
    action.sa_handler = on_nothing;
    sigaction(SIGXFSZ, &action, nullptr);
    for (int number : kFatal) {
        struct sigaction now {};
        sigaction(number, nullptr, &now);
        if (now.sa_handler != SIG_DFL) continue;  // nohup, or a sanitizer that wants it
        action.sa_handler = on_fatal;
        sigaction(number, &action, nullptr);
    }
}

winsize size_of(int output) {
    winsize size{};
    if (ioctl(output, TIOCGWINSZ, &size) != 0) size = {};
    return size;
}

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value && *value;
}

}  // namespace

Terminal::Terminal(int input, int output) : input_(input), output_(output) {}

Terminal::~Terminal() { leave_raw(); }

bool Terminal::can_edit() const {
    const char* term = std::getenv("TERM");
    return isatty(input_) && isatty(output_) && term && *term && std::strcmp(term, "dumb") != 0;
}

bool Terminal::wants_color(int output) {
    const char* term = std::getenv("TERM");
    return isatty(output) && !is_set("NO_COLOR") && term && *term && std::strcmp(term, "dumb") != 0;
}

bool Terminal::enter_raw() {
    if (raw_) return true;
    if (tcgetattr(input_, &original) != 0) return false;
    raw_input = input_;
    raw_output = output_;
    install_handlers();
    termios raw = original;
    raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cflag |= CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    is_raw = 1;
    if (tcsetattr(input_, TCSADRAIN, &raw) != 0) {
        is_raw = 0;
        return false;
    }
    raw_ = true;
    side_output::begin();
    if (output_ == STDOUT_FILENO) output_ = raw_output = side_output::terminal();
    write(kPasteOn);
    return true;
}

void Terminal::leave_raw() {
    if (!raw_) return;
    raw_ = false;
    restore();
}

std::size_t Terminal::width() const {
    auto columns = size_of(output_).ws_col;
    return columns > 0 ? columns : 80;
}

std::size_t Terminal::height() const {
    auto rows = size_of(output_).ws_row;
    return rows > 0 ? rows : 24;
}

ReadResult Terminal::read(std::string* bytes, int timeout_ms) {
    // These may only arrive inside ppoll, else one just before it would go unseen.
    sigset_t block, before;
    sigemptyset(&block);
    for (int number : {SIGWINCH, SIGHUP, SIGTERM}) sigaddset(&block, number);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    pollfd descriptors[] = {{input_, POLLIN, 0}, {side_output::readable(), POLLIN, 0}};
    timespec limit{timeout_ms / 1000, (timeout_ms % 1000) * 1000000L};
    int ready = 0;
    int failure = 0;
    if (!size_changed && !ending) {
        ready = ppoll(descriptors, 2, timeout_ms < 0 ? nullptr : &limit, &before);
        failure = errno;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (ending) return ReadResult::closed;
    if (size_changed) {
        size_changed = 0;
        return ReadResult::resized;
    }
    if (ready < 0) return failure == EINTR ? ReadResult::timeout : ReadResult::closed;
    if (ready == 0) return ReadResult::timeout;
    if (!(descriptors[0].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))) {
        *bytes += side_output::take();
        return ReadResult::output;
    }
    char buffer[65536];
    auto n = ::read(input_, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return ReadResult::timeout;
    if (n <= 0) return ReadResult::closed;
    bytes->append(buffer, static_cast<std::size_t>(n));
    return ReadResult::bytes;
}

void Terminal::write(std::string_view bytes) {
    while (!bytes.empty()) {
        auto n = ::write(output_, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            pollfd descriptor{output_, POLLOUT, 0};
            poll(&descriptor, 1, -1);
            continue;
        }
        if (n < 0) return;  // the terminal died; the next read says so
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

bool Terminal::has_input() const {
    pollfd descriptor{input_, POLLIN, 0};
    return poll(&descriptor, 1, 0) > 0;
}

void Terminal::end_by_signal() {
    if (!ending) return;
    leave_raw();
    signal(ending, SIG_DFL);
    raise(ending);
}

void Terminal::suspend() {
    bool was_raw = raw_;
    leave_raw();
    raise(SIGTSTP);
    if (was_raw) enter_raw();
}

bool Terminal::rewraps() {
    for (const char* name : {"TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID",
                             "KONSOLE_VERSION", "WEZTERM_PANE", "WT_SESSION", "TERM_PROGRAM"}) {
        if (is_set(name)) return true;
    }
    const char* term = std::getenv("TERM");
    for (const char* start :
         {"tmux", "screen", "xterm-kitty", "alacritty", "foot", "wezterm", "xterm-ghostty"}) {
        if (term && std::strncmp(term, start, std::strlen(start)) == 0) return true;
    }
    return false;
}

}  // namespace moonlet
