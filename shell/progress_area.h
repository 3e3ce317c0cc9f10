// SPDX-License-Identifier: Apache-2.0
// What long work tells of itself, as rows of text: a bar for each operation that is going on, with
// how far, how fast, how long still, a curve of the loss where the detail names one. A pure model:
// it is given the time and the width, and draws nothing (progress_screen.h does).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moonlet {

struct ProgressReport {
    std::string what;  // names the operation; "" ends all of them
    double done = 0;
    double total = 0;  // 0 = unknown; below 0: `what` is a last word, to stay as a line
    std::string unit, detail;
};

class ProgressArea {
  public:
    // What to print as a line of its own: the last word of an operation, else "".
    std::string report(const ProgressReport& report, double now);

    // A line for a file now and then: at each quarter, or after 10, 20, 40 … seconds where the end
    // is not known; none of an operation that is over within two seconds. Call it after report().
    std::string plain_line(const ProgressReport& report, double now);

    // Rows at most so wide; what does not fit is left out, the least important first.
    std::vector<std::string> rows(std::size_t width, double now, bool unicode,
                                  double memory_bytes) const;
    bool empty() const { return bars_.empty() && block_.empty(); }
    void clear();

    // Rows that stand above the bars, as a plot that is drawn anew.
    void set_block(std::vector<std::string> rows) { block_ = std::move(rows); }

  private:
    struct Bar {
        ProgressReport last;
        double begin = 0, begin_done = 0, now = 0;
        std::vector<double> losses;
        int quarters = 0;       // told in plain lines
        double next_line = 10;  // seconds, where the end is not known
    };
    std::vector<Bar> bars_;
    std::vector<std::string> block_;
    Bar over_;  // the one that ended last, for its last plain line

    Bar* find(const std::string& what);
    static std::string row(const Bar& bar, std::size_t width, double now, bool unicode,
                           const std::string& memory);
};

// "▁▃█": the values from their least to their greatest; letters where there are no blocks.
std::string sparkline(const std::vector<double>& values, std::size_t columns, bool unicode);

}  // namespace moonlet
