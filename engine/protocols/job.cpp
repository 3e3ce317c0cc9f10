// SPDX-License-Identifier: Apache-2.0
// One poll for all: sliced, because a signal that comes between the check of the flag and the call
// would not end it.
#include "protocols/job.h"

#include <time.h>

#include <algorithm>
#include <cmath>

#include "core/interrupt.h"

namespace moonlet {

namespace {
constexpr int kSliceMs = 20;
}

double monotonic_seconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

bool wait_jobs(const std::vector<Job*>& jobs, double seconds) {
    double end = monotonic_seconds() + seconds;
    std::vector<pollfd> fds;
    for (;;) {
        interrupt::check();
        for (Job* job : jobs)
            if (!job->done()) job->advance();
        for (Job* job : jobs)
            if (job->ready()) return true;
        int wait = kSliceMs;
        if (seconds >= 0) {
            double left = end - monotonic_seconds();
            if (left <= 0) return false;
            wait = std::min(wait, int(std::ceil(left * 1000)));
        }
        fds.clear();
        for (Job* job : jobs) {
            if (job->done()) continue;
            job->add_fds(fds);
            if (int limit = job->timeout_ms(); limit >= 0) wait = std::min(wait, limit);
        }
        poll(fds.data(), nfds_t(fds.size()), wait);
    }
}

}  // namespace moonlet
