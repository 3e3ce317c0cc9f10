// SPDX-License-Identifier: Apache-2.0
#include "shell/undo.h"

#include <algorithm>
#include <cstring>

namespace moonlet {
namespace {

constexpr std::size_t kMaxSteps = 2000, kMaxBytes = 64 << 20;

}  // namespace

void UndoLog::start(const std::string& text, std::size_t cursor) {
    drop(0);
    text_ = text;
    cursor_ = cursor;
}

void UndoLog::drop(std::size_t from) {
    for (std::size_t i = from; i < steps_.size(); ++i) {
        bytes_ -= steps_[i].removed.size() + steps_[i].inserted.size();
    }
    steps_.resize(from);
    done_ = std::min(done_, from);
}

void UndoLog::apply(std::size_t at, std::size_t size, const std::string& instead) {
    text_.replace(at, size, instead);
}

void UndoLog::note(const std::string& text, std::size_t cursor, unsigned group) {
    if (text == text_) {
        cursor_ = cursor;
        return;
    }
    drop(done_);
    std::size_t before = cursor_;
    Step* last = group != 0 && done_ > 0 && steps_.back().group == group ? &steps_.back() : nullptr;
    Step step = difference(text_, text);
    // Typing on: the step before grows by it, without another look at the whole.
    if (last && step.removed.empty() && step.at == last->at + last->inserted.size()) {
        apply(step.at, 0, step.inserted);
        last->inserted += step.inserted;
        bytes_ += step.inserted.size();
        last->cursor_after = cursor_ = cursor;
        return;
    }
    if (last) {
        apply(last->at, last->inserted.size(), last->removed);
        before = last->cursor_before;
        drop(done_ - 1);
        step = difference(text_, text);
    }
    step.cursor_before = before;
    step.cursor_after = cursor_ = cursor;
    step.group = group;
    apply(step.at, step.removed.size(), step.inserted);
    if (step.removed.empty() && step.inserted.empty()) return;  // typed, and erased again
    bytes_ += step.removed.size() + step.inserted.size();
    steps_.push_back(std::move(step));
    std::size_t old = 0;
    while (old + 1 < steps_.size() && (steps_.size() - old > kMaxSteps || bytes_ > kMaxBytes)) {
        bytes_ -= steps_[old].removed.size() + steps_[old].inserted.size();
        ++old;
    }
    steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(old));
    done_ = steps_.size();
}

UndoLog::Step UndoLog::difference(const std::string& from, const std::string& to) {
    std::size_t start = 0, most = std::min(to.size(), from.size()), end = 0;
    constexpr std::size_t kBlock = 4096;  // compared at once
    while (start + kBlock <= most && std::memcmp(&to[start], &from[start], kBlock) == 0) {
        start += kBlock;
    }
    while (start < most && to[start] == from[start]) ++start;
    most -= start;
    const char *a = to.data() + to.size(), *b = from.data() + from.size();
    while (end + kBlock <= most && std::memcmp(a - end - kBlock, b - end - kBlock, kBlock) == 0) {
        end += kBlock;
    }
    while (end < most &&
           a[-1 - static_cast<std::ptrdiff_t>(end)] == b[-1 - static_cast<std::ptrdiff_t>(end)]) {
        ++end;
    }
    Step step{};
    step.at = start;
    step.removed = from.substr(start, from.size() - end - start);
    step.inserted = to.substr(start, to.size() - end - start);
    return step;
}

bool UndoLog::undo(std::string* text, std::size_t* cursor) {
    if (done_ == 0) return false;
    Step& step = steps_[--done_];
    step.group = 0;  // what comes next is a step of its own
    apply(step.at, step.inserted.size(), step.removed);
    *text = text_;
    *cursor = cursor_ = step.cursor_before;
    return true;
}

bool UndoLog::redo(std::string* text, std::size_t* cursor) {
    if (done_ == steps_.size()) return false;
    const Step& step = steps_[done_++];
    apply(step.at, step.removed.size(), step.inserted);
    *text = text_;
    *cursor = cursor_ = step.cursor_after;
    return true;
}

}  // namespace moonlet
