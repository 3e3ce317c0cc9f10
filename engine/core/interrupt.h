// SPDX-License-Identifier: Apache-2.0
// The one interrupt flag. The shell's SIGINT handler raises it on the main thread; engine loops
// poll it per token, micro-batch or batch of rows. An interrupted call that has something to give
// returns it, marked, and calls deliver(); the next poll of any later call then throws, so that a
// loop of calls ends too. The reader of the prompt resets it. Async-signal-safe: one atomic.
#pragma once

#include <atomic>

namespace moonlet::interrupt {

enum class State : int { none = 0, requested = 1, delivered = 2 };

// The flag in use. The shell hands its own in through use(), before that a local one.
std::atomic<int>& flag();
void use(std::atomic<int>* shared);

// True once Ctrl-C was pressed and nobody has returned a partial result for it yet.
bool requested();
// Throws Interrupted if an earlier call already returned its partial result for this Ctrl-C.
// Call it on entering an operation that can be interrupted.
void check_entry();
// Says that the running operation now returns what it has.
void deliver();
// Throws Interrupted if requested (for operations that have nothing partial to return).
void check();
void reset();

}  // namespace moonlet::interrupt
