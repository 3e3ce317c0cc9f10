// SPDX-License-Identifier: Apache-2.0
// Several downloads as one job: some at a time, in the order given, with one progress for all. The
// first that fails ends the others, which keep what they have.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "protocols/download.h"

namespace moonlet {

class DownloadsJob : public Job {
  public:
    // `what` is what progress calls it ("pulling org/name"); `parallel` at least 1.
    DownloadsJob(std::string what, std::vector<DownloadFile> files, HubAccess access, int parallel);

    void add_fds(std::vector<pollfd>& fds) const override;
    int timeout_ms() const override;
    void advance() override;
    bool done() const override { return done_; }
    void cancel() override;
    // {files = [each download's result, in the order given], seconds}. Error: the first failure.
    Json result() override;

  private:
    void report();

    std::string what_, failure_;
    HubAccess access_;
    size_t parallel_;
    std::vector<DownloadFile> files_;
    std::vector<std::unique_ptr<DownloadJob>> jobs_;  // begun, in the order of files_
    double begun_at_, total_ = 0;                     // bytes; 0 = not known
    std::deque<std::pair<double, int64_t>> samples_;  // time and bytes received, for the rate
    double seconds_ = 0;
    bool done_ = false;
};

}  // namespace moonlet
