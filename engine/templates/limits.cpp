// SPDX-License-Identifier: Apache-2.0
#include "templates/limits.h"

#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet::jinja {

namespace {
thread_local Meter* current = nullptr;
constexpr uint64_t kPollMask = ~uint64_t(4095);
}  // namespace

Meter::Meter() : outer_(current) { current = this; }
Meter::~Meter() { current = outer_; }

void spend(uint64_t steps) {
    if (!current) return;
    uint64_t before = current->steps;
    current->steps += steps;
    if ((before & kPollMask) == (current->steps & kPollMask)) return;
    interrupt::check();
    if (current->steps > kMaxSteps)
        throw Error("the template took more than " + std::to_string(kMaxSteps) + " steps",
                    "a template that ends", "look for a loop that grows with its own result");
}

void spend_text(size_t bytes) {
    if (bytes > kMaxTextBytes)
        throw Error("the template builds a text of " + std::to_string(bytes) + " bytes",
                    "at most " + std::to_string(kMaxTextBytes));
    spend(1 + bytes / 256);
    if (!current) return;
    current->built += bytes;
    if (current->built > kMaxBuiltBytes)
        throw Error(
            "the template built more than " + std::to_string(kMaxBuiltBytes) + " bytes on the way",
            "less", "append to the output instead of to a variable");
}

void spend_items(size_t items) {
    constexpr size_t kItemBytes = 48;  // a Value and its share of the bookkeeping
    if (items > kMaxTextBytes / kItemBytes)
        throw Error("the template builds a list of " + std::to_string(items) + " items",
                    "at most " + std::to_string(kMaxTextBytes / kItemBytes));
    spend(1 + items / 4);
    if (current) spend_text(items * kItemBytes);
}

DepthGuard::DepthGuard(int& depth, int limit, const char* what) : depth_(depth) {
    if (depth >= limit)
        throw Error(std::string(what) + " nested more than " + std::to_string(limit) + " deep",
                    "less nesting");
    ++depth_;
}

}  // namespace moonlet::jinja
