// SPDX-License-Identifier: Apache-2.0
// A program on a pseudo-terminal with a stopwatch: keys in, the time of the bytes that come back.
// It knows no screen: what a bench waits for is a text in those bytes, then silence, and the time
// that counts is the last byte's before the silence.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace moonlet::bench {

using Clock = std::chrono::steady_clock;

// Replaces this process (a child's) by the command; variables "NAME=value" are set before.
[[noreturn]] void become(const std::vector<std::string>& command,
                         const std::vector<std::string>& variables);

class Terminal {
  public:
    Terminal(const std::vector<std::string>& command, const std::vector<std::string>& variables,
             int columns = 80, int rows = 24);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    // Sets the stopwatch to zero, forgets what came before, and sends the keys; reads what comes
    // while they are taken, so that a long paste does not stand still.
    void send(const std::string& keys);
    // ms from send() to the first byte, -1 after limit_ms without one.
    double first_byte(int limit_ms = 2000);
    // ms from send() to the last byte before quiet_ms of silence, once `text` has come; -1 when it
    // does not come within limit_ms.
    double until(const std::string& text, int quiet_ms, int limit_ms);
    // Reads until nothing came for so long.
    void settle(int quiet_ms);

    double resident_mb() const;
    bool maps(const std::string& library) const;
    const std::string& seen() const { return seen_; }

  private:
    int master_ = -1;
    pid_t pid_ = -1;
    Clock::time_point begin_ = Clock::now();
    double first_ = -1, last_ = -1;
    std::string seen_;

    double now() const;
    bool pump(int ms);
};

}  // namespace moonlet::bench
