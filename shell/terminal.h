// SPDX-License-Identifier: Apache-2.0
// The terminal under the line editor: raw mode that is always undone (return, exit, fatal signal),
// size, resize, timed reads, whole writes. Knows no keys and no Lua. One object per process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moonlet {

// output: not keys, but what others wrote to the terminal meanwhile (side_output.h).
enum class ReadResult { bytes, output, timeout, resized, closed };

class Terminal {
  public:
    Terminal(int input, int output);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    // Both ends are terminals and TERM can move a cursor: the line editor may run.
    bool can_edit() const;
    // Colours on the output: a terminal, TERM not dumb, NO_COLOR unset or empty.
    static bool wants_color(int output);

    // Raw mode with bracketed paste. Input typed before stays. false: not possible (no terminal).
    bool enter_raw();
    void leave_raw();

    // Columns and rows; 80 × 24 where unknown.
    std::size_t width() const;
    std::size_t height() const;

    // Appends what can be read to *bytes. timeout_ms < 0 waits for ever.
    ReadResult read(std::string* bytes, int timeout_ms);
    void write(std::string_view bytes);
    bool has_input() const;

    // SIGHUP or SIGTERM came in raw mode: read() says `closed`, and when all is saved this ends the
    // process by that signal. Returns when there was none.
    void end_by_signal();

    // Stops the process as Ctrl-Z does; returns when it goes on, in the mode it was in.
    void suspend();

    // Does this terminal rewrap its lines when its width changes? A guess from the environment:
    // there is no way to ask. A wrong "no" leaves rows behind, a wrong "yes" would erase output.
    static bool rewraps();

  private:
    int input_, output_;
    bool raw_ = false;
};

}  // namespace moonlet
