// SPDX-License-Identifier: Apache-2.0
// The threads that all kernels here share. Between two pieces of work they spin for some 50
// microseconds, since a layer's next product follows at once, and then sleep: an idle process costs
// nothing. One caller at a time has the threads; another one that comes meanwhile (a second Lua
// job), or work started from inside work, runs alone on its own thread, with the same results.
// After fork() the child starts threads of its own when it first needs them.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace moonlet::cpu {

// Threads that take part, the caller's included. Set by set_threads(), else MOONLET_THREADS, else
// the probe's choice (probe.h) among the processors this process may run on.
int threads();
void set_threads(int count);  // at least 1; 0: choose again. At most the processors there are.
int processors();             // this process may run on

// One thread's view of a piece of work.
class Team {
  public:
    int index = 0, size = 1;
    // Returns when all of the team have come here; what was written before is seen by all after.
    // When one of the team failed, it ends the others' work instead.
    void barrier();
    // This thread's part of [0, count) in whole steps: parts differ by one step at most.
    struct Range {
        int64_t begin, end;
    };
    Range part(int64_t count, int64_t step = 1) const;

    struct Shared;
    Shared* shared = nullptr;
};

namespace pool {
using Call = void (*)(void* context, Team& team);
void run(Call call, void* context, int at_most, bool all);
}  // namespace pool

// Calls work(Team&) once on each of min(at_most, threads()) threads, the caller's among them, all
// at a time, so that they can meet at barriers. Returns when all have; the first exception (a
// std::exception or Interrupted) is thrown again here.
template <class Work>
void together(Work&& work, int at_most = 1 << 20) {
    using Plain = std::remove_reference_t<Work>;
    pool::run([](void* context, Team& team) { (*static_cast<Plain*>(context))(team); },
              const_cast<void*>(static_cast<const void*>(&work)), at_most, true);
}

// Calls work(part) for each part in [0, parts), in any order, by whoever is free; a thread that
// wakes when all parts are taken is not waited for. Exceptions as above.
template <class Work>
void run(int64_t parts, Work&& work) {
    if (parts <= 0) return;
    std::atomic<int64_t> next{0};
    auto some = [&](Team&) {
        for (int64_t part; (part = next.fetch_add(1, std::memory_order_relaxed)) < parts;)
            work(part);
    };
    pool::run([](void* context, Team& team) { (*static_cast<decltype(some)*>(context))(team); },
              &some, parts < (1 << 20) ? int(parts) : 1 << 20, false);
}

}  // namespace moonlet::cpu
