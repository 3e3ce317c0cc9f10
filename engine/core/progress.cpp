// SPDX-License-Identifier: Apache-2.0
// The rate limit stands here, so that loops may report as often as they like. Each operation has
// its own: two that report in turn are both seen.
#include "core/progress.h"

#include <chrono>
#include <map>

namespace moonlet {

namespace {
thread_local ProgressListener listener;
thread_local std::map<std::string, std::chrono::steady_clock::time_point> last;
}  // namespace

ProgressListener set_progress_listener(ProgressListener next) {
    std::swap(listener, next);
    last.clear();
    return next;
}

void report_progress(const Progress& progress) {
    if (!listener) return;
    auto now = std::chrono::steady_clock::now();
    bool finished = progress.total < 0 || (progress.total > 0 && progress.done >= progress.total);
    auto& before = last[progress.what];
    if (!finished && now - before < std::chrono::milliseconds(100)) return;
    before = now;
    if (finished) last.erase(progress.what);
    listener(progress);
}

}  // namespace moonlet
