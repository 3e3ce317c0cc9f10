// SPDX-License-Identifier: Apache-2.0
// How long work tells of itself: the engine calls report(), whoever listens draws. The listener is
// set per thread by the caller (bindings), is called at most every 100 ms and on the last report,
// and may be empty. The engine never prints.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace moonlet {

struct Progress {
    std::string what;    // "loading qwen3", "training tokenizer"
    double done = 0;     // in `unit`s
    double total = 0;    // 0 = unknown; below 0: `what` is a last word, to stay as a line
    std::string unit;    // "MB", "merges", "rows"
    std::string detail;  // free text behind the bar ("loss 2.31 · 812 tok/s")
};

using ProgressListener = std::function<void(const Progress&)>;

// Sets this thread's listener and returns the one before.
ProgressListener set_progress_listener(ProgressListener listener);
void report_progress(const Progress& progress);

}  // namespace moonlet
