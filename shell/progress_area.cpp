// SPDX-License-Identifier: Apache-2.0
#include "shell/progress_area.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "shell/text.h"

namespace moonlet {
namespace {

constexpr double kFirstLine = 2;  // seconds
constexpr std::size_t kBar = 20, kLosses = 400;

std::string number(double value) {
    char text[40];
    if (value >= 100 || value == std::floor(value)) std::snprintf(text, sizeof text, "%.0f", value);
    else std::snprintf(text, sizeof text, value >= 10 ? "%.1f" : "%.2f", value);
    return text;
}

std::string time_text(double seconds) {
    if (!(seconds < 360000)) return "?";
    auto s = static_cast<int>(seconds + 0.5);
    char text[40];
    if (s >= 3600) std::snprintf(text, sizeof text, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    else std::snprintf(text, sizeof text, "%d:%02d", s / 60, s % 60);
    return text;
}

std::string memory_text(double bytes) {
    return bytes < 1e9 ? number(std::floor(bytes / 1e6)) + " MB" : number(bytes / 1e9) + " GB";
}

bool is_over(const ProgressReport& r) { return r.total > 0 && r.done >= r.total; }

std::string drawn_bar(double part, bool unicode) {
    static const char* const kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    auto eighths = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * kBar * 8);
    std::string text;
    for (std::size_t i = 0; i < eighths / 8; ++i) text += unicode ? "█" : "#";
    std::size_t used = eighths / 8;
    if (unicode && eighths % 8 > 0) text += kEighths[eighths % 8], ++used;
    for (; used < kBar; ++used) text += unicode ? "░" : ".";
    return text;
}

}  // namespace

std::string sparkline(const std::vector<double>& values, std::size_t columns, bool unicode) {
    static const char* const kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char* const kLetters[] = {"_", "_", ".", "-", "-", "=", "^", "^"};
    if (values.empty()) return {};
    auto [least, most] = std::minmax_element(values.begin(), values.end());
    std::string text;
    std::size_t count = std::min(columns, values.size());
    for (std::size_t i = 0; i < count; ++i) {  // each the mean of its part
        std::size_t from = i * values.size() / count, to = (i + 1) * values.size() / count;
        double sum = 0;
        for (std::size_t k = from; k < to; ++k) sum += values[k];
        double mean = sum / static_cast<double>(to - from);
        double part = *most > *least ? (mean - *least) / (*most - *least) : 0;
        text += (unicode ? kBlocks : kLetters)[static_cast<int>(part * 7.999)];
    }
    return text;
}

ProgressArea::Bar* ProgressArea::find(const std::string& what) {
    for (Bar& bar : bars_)
        if (bar.last.what == what) return &bar;
    return nullptr;
}

std::string ProgressArea::report(const ProgressReport& report, double now) {
    if (report.total < 0) return report.what;
    if (report.what.empty()) {
        bars_.clear();
        return {};
    }
    Bar* bar = find(report.what);
    if (!bar) {
        bars_.push_back({report, now, report.done, now, {}});
        bar = &bars_.back();
    }
    bar->last = report;
    bar->now = now;
    if (std::size_t at = report.detail.find("loss "); at != std::string::npos) {
        double loss = std::strtod(report.detail.c_str() + at + 5, nullptr);
        if (std::isfinite(loss)) bar->losses.push_back(loss);
        if (bar->losses.size() > kLosses) bar->losses.erase(bar->losses.begin());
    }
    if (!is_over(report)) return {};
    over_ = *bar;
    bars_.erase(bars_.begin() + (bar - bars_.data()));
    return {};
}

std::string ProgressArea::plain_line(const ProgressReport& report, double now) {
    if (report.total < 0) return report.what;
    bool over = is_over(report);
    Bar* bar = over ? &over_ : find(report.what);
    if (!bar || report.what.empty() || now - bar->begin < kFirstLine) return {};
    if (report.total > 0) {
        int quarters = static_cast<int>(4 * report.done / report.total);
        if (quarters <= bar->quarters) return {};
        bar->quarters = quarters;
    } else {
        if (now - bar->begin < bar->next_line) return {};
        bar->next_line *= 2;
    }
    std::string text = report.what + ": " + number(report.done);
    if (report.total > 0)
        text += "/" + number(report.total) + " " + report.unit + " (" +
                number(std::floor(100 * report.done / report.total)) + " %)";
    else text += " " + report.unit;
    text += "  " + time_text(now - bar->begin);
    return report.detail.empty() ? text : text + "  " + report.detail;
}

std::string ProgressArea::row(const Bar& bar, std::size_t width, double now, bool unicode,
                              const std::string& memory) {
    const ProgressReport& r = bar.last;
    struct Part {
        std::string text;
        int weight;  // the lightest goes first
    };
    std::vector<Part> parts = {{r.what, 100}};
    double passed = now - bar.begin, rate = (r.done - bar.begin_done) / std::max(passed, 1e-3);
    if (r.total > 0) {
        parts.push_back({drawn_bar(r.done / r.total, unicode), 60});
        parts.push_back({number(std::floor(100 * r.done / r.total)) + " %", 90});
        parts.push_back({number(r.done) + "/" + number(r.total) + " " + r.unit, 50});
    } else {
        parts.push_back({number(r.done) + " " + r.unit, 90});
    }
    if (passed > 0.5 && rate > 0) {
        if (r.total > 0) parts.push_back({"ETA " + time_text((r.total - r.done) / rate), 80});
        parts.push_back({number(rate) + " " + r.unit + "/s", 40});
    }
    if (!r.detail.empty()) parts.push_back({r.detail, 70});
    if (bar.losses.size() > 1) parts.push_back({sparkline(bar.losses, 12, unicode), 30});
    if (!memory.empty()) parts.push_back({memory, 20});
    while (true) {
        std::string text;
        for (const Part& part : parts) text += (text.empty() ? "" : "  ") + part.text;
        if (parts.size() == 1 || static_cast<std::size_t>(text_width(text)) <= width)
            return fit_width(text, static_cast<int>(width));
        auto lightest = std::min_element(parts.begin(), parts.end(),
                                         [](auto& a, auto& b) { return a.weight < b.weight; });
        // The name gives way before the percentage does.
        if (parts.size() == 2) {
            int room = static_cast<int>(width) - text_width(parts[1].text) - 2;
            return fit_width(parts[0].text, std::max(room, 0)) + "  " + parts[1].text;
        }
        parts.erase(lightest);
    }
}

std::vector<std::string> ProgressArea::rows(std::size_t width, double now, bool unicode,
                                            double memory_bytes) const {
    std::vector<std::string> rows;
    for (const auto& line : block_) rows.push_back(line);
    for (std::size_t i = 0; i < bars_.size(); ++i)
        rows.push_back(row(bars_[i], width, now, unicode,
                           i == 0 && memory_bytes > 0 ? memory_text(memory_bytes) : ""));
    return rows;
}

void ProgressArea::clear() {
    bars_.clear();
    block_.clear();
}

}  // namespace moonlet
