// SPDX-License-Identifier: Apache-2.0
// What one rendering may spend, so that a hostile template ends in an Error: steps (one per syntax
// node evaluated or item touched), bytes of text and items built on the way, and nested calls. The
// meter of the running rendering is per thread; without one nothing is counted. Every 4096 steps it
// polls the interrupt flag.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moonlet::jinja {

constexpr uint64_t kMaxSteps = 30'000'000;
constexpr uint64_t kMaxBuiltBytes = uint64_t(1) << 30;
constexpr size_t kMaxTextBytes = size_t(1) << 26;  // one string, and the output
constexpr int kMaxCallDepth = 150;
constexpr int64_t kMaxRange = 100'000;   // items of range(), as Jinja2's sandbox
constexpr size_t kMaxObjects = 200'000;  // namespaces and captured scopes

// Error when the budget is used up, Interrupted on Ctrl-C.
void spend(uint64_t steps = 1);
// Call before building a text of this size. Error when it or the sum is too big.
void spend_text(size_t bytes);
// Call before building a container of this many items.
void spend_items(size_t items);

class Meter {
  public:
    Meter();  // becomes this thread's meter until it goes
    ~Meter();
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;
    uint64_t steps = 0;
    uint64_t built = 0;

  private:
    Meter* outer_;
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
