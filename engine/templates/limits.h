// SPDX-License-Identifier: Apache-2.0
// What one rendering may spend, so that a hostile template ends in an Error: steps (one per syntax
// node evaluated or item touched), seconds, bytes of text and items built on the way, and nested
// calls. The meter of the running rendering is per thread; without one nothing is counted. Every
// 4096 steps it polls the interrupt flag and the clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace moonlet::jinja {

struct Limits {
    uint64_t steps = 30'000'000;
    size_t text_bytes = size_t(1) << 26;       // one string, and the output
    uint64_t built_bytes = uint64_t(1) << 30;  // all text and items made on the way, together
    double seconds = 30;                       // functions that the caller handed in not counted
};

constexpr int kMaxCallDepth = 150;
constexpr int64_t kMaxRange = 100'000;   // items of range(), as Jinja2's sandbox
constexpr size_t kMaxObjects = 200'000;  // namespaces and captured scopes

// The limits of this thread's rendering, the defaults outside of one.
const Limits& limits();

// Error when the budget is used up, Interrupted on Ctrl-C.
void spend(uint64_t steps = 1);
// Call before building a text of this size. Error when it or the sum is too big.
void spend_text(size_t bytes);
// Call before building a container of this many items.
void spend_items(size_t items);

class Meter {
  public:
    explicit Meter(const Limits& limits);  // becomes this thread's meter until it goes
    ~Meter();
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

    const Limits limits;
    uint64_t steps = 0;
    uint64_t built = 0;
    std::chrono::steady_clock::time_point end;  // no such moment when `seconds` is huge

  private:
    Meter* outer_;
};

// Stops the clock of this thread's rendering while a function of the caller runs.
class ClockPause {
  public:
    ClockPause();
    ~ClockPause();
    ClockPause(const ClockPause&) = delete;
    ClockPause& operator=(const ClockPause&) = delete;

  private:
    Meter* meter_;
    std::chrono::steady_clock::time_point begin_;
};

// Counts nesting of anything recursive on this thread. Error past `limit`.
class DepthGuard {
  public:
    explicit DepthGuard(int& depth, int limit, const char* what);
    ~DepthGuard() { --depth_; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;

  private:
    int& depth_;
};

}  // namespace moonlet::jinja
