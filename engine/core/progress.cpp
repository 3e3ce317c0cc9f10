// SPDX-License-Identifier: Apache-2.0
// The rate limit stands here, so that loops may report as often as they like.
#include "core/progress.h"

#include <chrono>

namespace moonlet {

namespace {
thread_local ProgressListener listener;
thread_local std::chrono::steady_clock::time_point last{};
}  // namespace

ProgressListener set_progress_listener(ProgressListener next) {
    std::swap(listener, next);
    last = {};
    return next;
}

void report_progress(const Progress& progress) {
    if (!listener) return;
    auto now = std::chrono::steady_clock::now();
    bool finished = progress.total < 0 || (progress.total > 0 && progress.done >= progress.total);
    if (!finished && now - last < std::chrono::milliseconds(100)) return;
    last = now;
    listener(progress);
}

}  // namespace moonlet
