// SPDX-License-Identifier: Apache-2.0
// The flag starts as a local one, so that tests and plain LuaJIT work without a shell.
#include "core/interrupt.h"

#include "core/error.h"

namespace moonlet::interrupt {

namespace {
std::atomic<int> local_flag{0};
std::atomic<int>* current = &local_flag;
}  // namespace

std::atomic<int>& flag() { return *current; }
void use(std::atomic<int>* shared) { current = shared ? shared : &local_flag; }
bool requested() { return flag().load(std::memory_order_relaxed) == int(State::requested); }
void deliver() { flag().store(int(State::delivered)); }
void reset() { flag().store(int(State::none)); }

void check_entry() {
    if (flag().load() == int(State::delivered)) throw Interrupted{};
}

void check() {
    if (flag().load(std::memory_order_relaxed) != int(State::none)) throw Interrupted{};
}

}  // namespace moonlet::interrupt
