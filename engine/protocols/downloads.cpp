// SPDX-License-Identifier: Apache-2.0
#include "protocols/downloads.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/progress.h"

namespace moonlet {

namespace {

constexpr double kRateOver = 5;  // seconds that the shown rate is the mean of

std::string clock_text(double seconds) {
    char text[32];
    int s = int(std::min(seconds, 359999.0) + 0.5);
    if (s >= 3600) std::snprintf(text, sizeof text, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    else std::snprintf(text, sizeof text, "%d:%02d", s / 60, s % 60);
    return text;
}

}  // namespace

DownloadsJob::DownloadsJob(std::string what, std::vector<DownloadFile> files, HubAccess access,
                           int parallel)
    : what_(std::move(what)),
      access_(std::move(access)),
      parallel_(size_t(std::max(1, parallel))),
      files_(std::move(files)),
      begun_at_(monotonic_seconds()) {
    for (const DownloadFile& file : files_) total_ += double(std::max<int64_t>(0, file.bytes));
    done_ = files_.empty();
}

void DownloadsJob::add_fds(std::vector<pollfd>& fds) const {
    const size_t before = fds.size();  // the transfers of one thread share their descriptors
    for (const auto& job : jobs_)
        if (fds.size() == before && !job->done()) job->add_fds(fds);
}

int DownloadsJob::timeout_ms() const {
    int limit = -1;
    for (const auto& job : jobs_) {
        int each = job->done() ? -1 : job->timeout_ms();
        if (each >= 0) limit = limit < 0 ? each : std::min(limit, each);
    }
    return jobs_.empty() ? 0 : limit;
}

void DownloadsJob::advance() {
    if (done_) return;
    size_t open = 0;
    for (auto& job : jobs_) {
        if (!job->done()) job->advance();
        if (!job->done()) {
            ++open;
        } else if (!job->failure().empty()) {
            failure_ = job->file().name + ": " + job->failure();
            return cancel();
        }
    }
    for (; open < parallel_ && jobs_.size() < files_.size(); ++open)
        jobs_.push_back(std::make_unique<DownloadJob>(files_[jobs_.size()], access_));
    done_ = open == 0;
    if (done_) seconds_ = monotonic_seconds() - begun_at_;
    report();
}

void DownloadsJob::report() {
    double now = monotonic_seconds(), have = 0;
    int64_t received = 0;
    std::string waiting, name;
    for (const auto& job : jobs_) {
        have += double(job->have());
        received += job->received();
        if (job->done()) continue;
        if (waiting.empty()) waiting = job->waiting();
        if (name.empty() && job->waiting().empty()) name = job->file().name;
    }
    samples_.emplace_back(now, received);
    while (samples_.size() > 2 && samples_.front().first < now - kRateOver) samples_.pop_front();
    auto [since, before] = samples_.front();
    double rate = now > since ? double(received - before) / (now - since) : 0;
    char text[64] = "";
    if (rate > 0) std::snprintf(text, sizeof text, "%.1f MB/s", rate / 1e6);
    std::string detail = text;
    if (rate > 0 && total_ > have) detail += " · " + clock_text((total_ - have) / rate) + " left";
    if (name.empty() && !waiting.empty()) detail = waiting;
    else if (!name.empty()) detail += (detail.empty() ? "" : " · ") + name;
    double total = std::max(total_, have);
    if (!done_ && have >= total) total = have + 1;  // still hashing: the line stays
    report_progress({what_, done_ ? total / 1e6 : have / 1e6, total / 1e6, "MB", detail});
}

void DownloadsJob::cancel() {
    if (done_) return;
    double have = 0;
    for (auto& job : jobs_) {
        job->cancel();
        have += double(job->have());
    }
    done_ = true;
    if (!failure_.empty()) return report_progress({what_, total_ + 1, total_ + 1, "MB", ""});
    char kept[64];
    std::snprintf(kept, sizeof kept, "%.1f of %.1f MB", have / 1e6, std::max(total_, have) / 1e6);
    failure_ = "it was cancelled; what came is kept";
    std::string word = what_ + ": stopped; " + kept + " are kept, the same call goes on from there";
    report_progress({word, 0, -1, "", ""});
}

Json DownloadsJob::result() {
    if (!failure_.empty()) throw Error(failure_);
    Json files = Json::array();
    for (const auto& job : jobs_) files.push_back(job->result());
    return {{"files", files}, {"seconds", seconds_}};
}

}  // namespace moonlet
