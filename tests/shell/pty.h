// SPDX-License-Identifier: Apache-2.0
// Drives the real shell through a pseudo-terminal: keys in, screen out. Waits look at the screen
// until it shows what is wanted; the limit only guards against a hang.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "screen.h"

#include <sys/types.h>

namespace moonlet::test {

struct PtyOptions {
    std::vector<std::string> arguments{};
    std::vector<std::string> environment{};  // "NAME=value", added to a minimal one
    std::string home{};                      // empty: a fresh one
    std::size_t columns = 80, rows = 24;
    bool wait_for_prompt = true;
    std::string program{};  // what runs instead of the shell: "/bin/bash"
    // Called with every query the program sends ("\x1b[c", "\x1b[6n", "\x1b]11;?\a" …); what it
    // returns is typed as the terminal's answer. Empty: nothing is answered.
    std::function<std::string(const std::string& query, const Screen& screen)> answer{};
};

// A terminal that answers: DA1 with these features ("62;4" has sixel), OSC 10 and 11 with these
// colours ("rgb:ffff/ffff/ffff"; "" = no answer), the cursor's place, kitty graphics when it has
// them.
struct TerminalKind {
    std::string features = "62;22", front{}, back{};
    bool kitty_graphics = false;
};
std::function<std::string(const std::string&, const Screen&)> terminal_answers(TerminalKind kind);

class Pty {
  public:
    explicit Pty(PtyOptions options = {});
    ~Pty();
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    void send(std::string_view bytes);
    // Text, Enter, and waits until a new prompt stands there.
    void line(const std::string& text);
    // Text and Enter; returns when the entry was taken: the cursor stands at the start of a line
    // below. What it runs has begun, or is about to.
    void start(const std::string& text);
    // The answer to a line that fits on one row: the rows between its echo and the new prompt.
    std::string ask(const std::string& text);

    bool wait(const std::function<bool()>& done, int seconds = 60);
    bool wait_text(const std::string& text, int seconds = 60);  // anywhere on the visible screen
    bool wait_prompt(int seconds = 60);  // the cursor behind "> " and no more
    // Reads whatever comes until nothing came for so long.
    void settle(int milliseconds = 60);

    // rewrap: this terminal spreads long rows over new ones (say so in the environment, too:
    // VTE_VERSION=7000).
    void resize(std::size_t columns, std::size_t rows, bool rewrap = false);
    // The terminal is gone: its window closed, the connection broke.
    void hang_up();
    void signal(int number);
    // Exit status as waitpid gives it; -1 when it did not end in time.
    int wait_exit(int seconds = 60);
    bool alive();

    Screen screen;
    const std::string& home() const { return home_; }
    pid_t pid() const { return pid_; }

  private:
    int master_ = -1;
    pid_t pid_ = -1;
    std::string home_;
    std::function<std::string(const std::string&, const Screen&)> answer_;
    bool reaped_ = false;
    int status_ = -1;

    bool pump(int milliseconds);  // false: nothing came
};

// Runs the shell without a terminal. Returns the wait status.
struct Output {
    int status;
    std::string out, err;
};
Output run_shell(const std::vector<std::string>& arguments, const std::string& input = "",
                 const std::vector<std::string>& environment = {});

// Where the shell under test is: $MOONLET_BINARY, else the build's own.
std::string shell_binary();

}  // namespace moonlet::test
