// SPDX-License-Identifier: Apache-2.0
// Work that goes on outside this process (an HTTP transfer, a child process) and must not block it:
// several jobs are driven side by side by one poll over all their file descriptors. A job belongs
// to the thread that made it. It knows no protocol and no Lua.
#pragma once

#include <poll.h>

#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

class Job {
  public:
    virtual ~Job() = default;
    // Adds the descriptors it waits for and what it waits for on them.
    virtual void add_fds(std::vector<pollfd>& fds) const = 0;
    // Milliseconds until advance() wants to be called whatever the descriptors do; -1 = no need.
    virtual int timeout_ms() const = 0;
    // Does what can be done without waiting. Never throws for what the other side did: that is part
    // of the result.
    virtual void advance() = 0;
    virtual bool done() const = 0;
    // Ends it; it is done from then on and what has come so far stays. No effect when done.
    virtual void cancel() = 0;

    // Done, or there is something for take(): what wait_jobs waits for.
    virtual bool ready() const { return done(); }
    // The output that has come since the last call, for jobs that give it piece by piece.
    virtual std::string take() { return ""; }
    // What came of it, once done. Throws Error when it failed and there is nothing to give.
    virtual Json result() = 0;
    // Whether result() of a cancelled job still gives something: Ctrl-C then returns that.
    virtual bool has_partial() const { return false; }
};

// Advances all jobs until one is ready (true) or `seconds` have passed (false; below 0 = no limit).
// Throws Interrupted within 50 ms of Ctrl-C; the jobs are left as they are.
bool wait_jobs(const std::vector<Job*>& jobs, double seconds = -1);

// Seconds of a clock that only goes forward.
double monotonic_seconds();

}  // namespace moonlet
