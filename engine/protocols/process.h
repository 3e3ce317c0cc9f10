// SPDX-License-Identifier: Apache-2.0
// A child process as a job: its input written, its output and errors read, its end waited for, all
// without blocking. It runs in a process group of its own, so that the terminal's Ctrl-C is ours to
// answer, and nothing of the group outlives the job: at its end, on time-out and on cancel() all
// of it is killed (a process that makes itself a session of its own escapes). No zombie is left.
// POSIX; it knows no shell.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "protocols/job.h"

namespace moonlet {

struct ProcessRequest {
    std::vector<std::string> arguments;  // the program, searched in PATH, and its arguments
    std::string input;                   // written to its standard input, which is then closed
    std::string folder;                  // where it runs; "" = here
    double timeout = 0;                  // seconds; 0 = no limit
    size_t max_bytes = 1 << 20;          // kept of output and of errors each; the rest is dropped
};

struct ProcessResult {
    std::string output, errors;
    size_t output_bytes = 0, error_bytes = 0;  // as written; more than kept when cut
    int code = -1;  // exit status; 128 + signal when a signal ended it; -1 = unknown
    bool timed_out = false, cancelled = false;
};

class ProcessJob : public Job {
  public:
    // Starts it. Error: no such program or folder, or no more processes.
    explicit ProcessJob(ProcessRequest request);
    ~ProcessJob() override;
    ProcessJob(const ProcessJob&) = delete;
    ProcessJob& operator=(const ProcessJob&) = delete;

    void add_fds(std::vector<pollfd>& fds) const override;
    int timeout_ms() const override;
    void advance() override;
    bool done() const override { return done_; }
    void cancel() override;
    bool has_partial() const override { return true; }
    // {stdout, stderr, code, timed_out, cancelled, stdout_bytes, stderr_bytes}.
    Json result() override;

    const ProcessResult& outcome() const { return result_; }  // final once done()
    pid_t pid() const { return pid_; }

  private:
    void write_input();
    void finish();
    ProcessRequest request_;
    ProcessResult result_;
    pid_t pid_ = -1;
    int in_ = -1, out_ = -1, err_ = -1, watch_ = -1;  // watch_: readable when it has ended
    size_t written_ = 0;
    double deadline_ = 0;  // 0 = none
    bool done_ = false, reaped_ = false;
};

}  // namespace moonlet
