// SPDX-License-Identifier: Apache-2.0
// A loop over rows as others see it: Ctrl-C is listened for at every 64th turn, and work of more
// than 0.3 s tells how far it is; the line goes when the loop ends, however it ends.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "core/interrupt.h"
#include "core/progress.h"

namespace moonlet {

class Ticker {
  public:
    Ticker(std::string what, std::string unit)
        : what_(std::move(what)), unit_(std::move(unit)), begin_(Clock::now()) {}
    ~Ticker() {
        if (told_) report_progress({what_, 1, 1, unit_, ""});
    }
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;

    // `done` and `total` of the unit; total() is asked only when it is told.
    template <class Total>
    void turn(double done, Total total) {
        if (++turns_ % 64 != 0) return;
        interrupt::check();
        if (!told_ && Clock::now() - begin_ < std::chrono::milliseconds(300)) return;
        told_ = true;
        report_progress({what_, done, std::max(double(total()), done + 1), unit_, ""});
    }

  private:
    using Clock = std::chrono::steady_clock;
    std::string what_, unit_;
    Clock::time_point begin_;
    size_t turns_ = 0;
    bool told_ = false;
};

}  // namespace moonlet
