// SPDX-License-Identifier: Apache-2.0
#include "templates/limits.h"

#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"
#include "templates/format.h"

namespace moonlet::jinja {

namespace {
using Clock = std::chrono::steady_clock;
thread_local Meter* current = nullptr;
constexpr uint64_t kPollMask = ~uint64_t(4095);
constexpr double kLongest = 1e8;  // seconds: three years are forever, and fit the clock
}  // namespace

const Limits& limits() {
    static const Limits defaults;
    return current ? current->limits : defaults;
}

Meter::Meter(const Limits& given)
    : limits(given),
      end(Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                             std::clamp(given.seconds, 0.0, kLongest)))),
      outer_(current) {
    current = this;
}
Meter::~Meter() { current = outer_; }

ClockPause::ClockPause() : meter_(current), begin_(Clock::now()) {}
ClockPause::~ClockPause() {
    if (meter_) meter_->end += Clock::now() - begin_;
}

void spend(uint64_t steps) {
    if (!current) return;
    uint64_t before = current->steps;
    current->steps += steps;
    if (current->steps > current->limits.steps)
        throw Error(
            "the template took more than " + std::to_string(current->limits.steps) + " steps",
            "a template that ends", "look for a loop that grows with its own result");
    if ((before & kPollMask) == (current->steps & kPollMask)) return;
    interrupt::check();
    if (Clock::now() > current->end)
        throw Error(
            "the template took more than " + repr_double(current->limits.seconds) + " seconds",
            "a template that ends", "look for a loop that grows with its own result");
}

namespace {
void build(size_t bytes) {
    if (!current) return;
    current->built += bytes;
    const uint64_t most = current->limits.built_bytes;
    if (current->built > most)
        throw Error("the template built more than " + std::to_string(most) + " bytes on the way",
                    "less", "append to the output instead of to a variable");
}
}  // namespace

void spend_text(size_t bytes) {
    const size_t most = limits().text_bytes;
    if (bytes > most)
        throw Error("the template builds a text of " + std::to_string(bytes) + " bytes",
                    "at most " + std::to_string(most));
    spend(1 + bytes / 256);
    build(bytes);
}

void spend_items(size_t items) {
    constexpr size_t kItemBytes = 48;  // a Value and its share of the bookkeeping
    const size_t most = std::max(limits().text_bytes / kItemBytes, size_t(kMaxRange));
    if (items > most)
        throw Error("the template builds a list of " + std::to_string(items) + " items",
                    "at most " + std::to_string(most));
    spend(1 + items / 4);
    build(items * kItemBytes);
}

DepthGuard::DepthGuard(int& depth, int limit, const char* what) : depth_(depth) {
    if (depth >= limit)
        throw Error(std::string(what) + " nested more than " + std::to_string(limit) + " deep",
                    "less nesting");
    ++depth_;
}

}  // namespace moonlet::jinja
