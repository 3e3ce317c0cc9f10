// SPDX-License-Identifier: Apache-2.0
#include "generation/stop.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
    for (auto& stop : stops_)
        if (stop.empty())
            throw Error("an empty stop string", "a text of at least one character", "leave it out");
}

std::string StopMatcher::push(std::string_view piece) {
    if (stopped()) return "";
    held_ += piece;
    size_t best_end = std::string::npos, best_start = 0;
    for (auto& stop : stops_) {
        size_t start = held_.find(stop);
        if (start == std::string::npos) continue;
        size_t end = start + stop.size();
        if (end < best_end || (end == best_end && start < best_start)) {
            best_end = end;
            best_start = start;
            matched_ = stop;
        }
    }
    if (stopped()) {
        std::string certain = held_.substr(0, best_start);
        held_.clear();
        return certain;
    }
    // No stop string is inside; keep the longest end that one begins with.
    size_t keep = 0;
    for (auto& stop : stops_)
        for (size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n)
            if (held_.compare(held_.size() - n, n, stop, 0, n) == 0) keep = n;
    std::string certain = held_.substr(0, held_.size() - keep);
    held_.erase(0, certain.size());
    return certain;
}

std::string StopMatcher::finish() {
    std::string rest;
    rest.swap(held_);
    return rest;
}

}  // namespace moonlet
