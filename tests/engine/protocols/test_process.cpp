// SPDX-License-Identifier: Apache-2.0
// Child processes: input, output, exit codes, several at a time, time-outs that leave nothing
// behind, floods, and what cannot be started.
#include "protocols/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>

#include "core/error.h"

using namespace moonlet;

namespace {

ProcessRequest shell(const std::string& command) {
    ProcessRequest request;
    request.arguments = {"/bin/sh", "-c", command};
    return request;
}

ProcessResult run(ProcessRequest request) {
    ProcessJob job(std::move(request));
    while (!job.done()) wait_jobs({&job});
    return job.outcome();
}

int open_files() {
    int count = 0;
    for (auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        (void)entry;
        ++count;
    }
    return count;
}

// Ended: gone, or a zombie of someone else's (a container's init may be slow).
bool ended(pid_t pid) {
    for (int i = 0; i < 500; ++i) {
        if (kill(pid, 0) != 0) return true;
        std::string state;
        std::error_code ignored;
        auto link = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", ignored);
        if (ignored || link.empty()) return true;
        usleep(10000);
    }
    return false;
}

}  // namespace

TEST_CASE("process: output, errors, exit code, input, folder") {
    ProcessRequest request = shell("cat; echo wrong >&2; exit 3");
    request.input = "given\n";
    ProcessResult result = run(request);
    CHECK(result.output == "given\n");
    CHECK(result.errors == "wrong\n");
    CHECK(result.code == 3);
    CHECK_FALSE(result.timed_out);
    request = shell("pwd");
    request.folder = "/";
    CHECK(run(request).output == "/\n");
    CHECK(run(shell("kill -TERM $$")).code == 128 + SIGTERM);
    ProcessRequest plain;
    plain.arguments = {"printf", "%s|", "a b", "c\"d"};
    CHECK(run(plain).output == "a b|c\"d|");
}

TEST_CASE("process: more input than a pipe holds, read or not") {
    ProcessRequest request = shell("cat | wc -c");
    request.input = std::string(3000000, 'x');
    CHECK(run(request).output.find("3000000") != std::string::npos);
    request.arguments[2] = "true";  // a reader that is gone is no SIGPIPE for us
    CHECK(run(request).code == 0);
}

TEST_CASE("process: several at a time") {
    double begin = monotonic_seconds();
    std::vector<std::unique_ptr<ProcessJob>> jobs;
    for (int i = 0; i < 4; ++i) jobs.push_back(std::make_unique<ProcessJob>(shell("sleep 1")));
    for (auto& job : jobs)
        while (!job->done()) wait_jobs({job.get()});
    CHECK(monotonic_seconds() - begin < 3.5);  // one after another they take 4
    for (auto& job : jobs) CHECK(job->outcome().code == 0);
}

TEST_CASE("process: a time-out and a cancel kill the whole group, no zombie, no open file") {
    int files = open_files();
    ProcessRequest request = shell("echo $$; sleep 100 & echo $!; wait");
    request.timeout = 0.5;
    ProcessResult result = run(request);
    CHECK(result.timed_out);
    CHECK(result.code == 128 + SIGKILL);
    int shell_pid = 0, sleep_pid = 0;
    REQUIRE(std::sscanf(result.output.c_str(), "%d %d", &shell_pid, &sleep_pid) == 2);
    CHECK(kill(shell_pid, 0) != 0);  // reaped
    CHECK(ended(sleep_pid));
    pid_t pid;
    {
        ProcessJob job(shell("sleep 100"));
        pid = job.pid();
        CHECK_FALSE(wait_jobs({&job}, 0.05));
    }
    CHECK(kill(pid, 0) != 0);
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(open_files() == files);
}

TEST_CASE("process: it ends when the child ends, also with a pipe held open behind it") {
    double begin = monotonic_seconds();
    ProcessResult result = run(shell("sleep 100 & echo $!"));
    CHECK(monotonic_seconds() - begin < 50);
    CHECK(result.code == 0);
    CHECK(ended(std::stoi(result.output)));
}

TEST_CASE("process: a flood is cut, counted, and does not fill the memory") {
    ProcessRequest request = shell("head -c 10000000 /dev/zero; echo end >&2");
    request.max_bytes = 1000;
    ProcessResult result = run(request);
    CHECK(result.output.size() == 1000);
    CHECK(result.output_bytes == 10000000);
    CHECK(result.errors == "end\n");
    request = shell("yes");
    request.timeout = 0.3;
    request.max_bytes = 10;
    result = run(request);
    CHECK(result.timed_out);
    CHECK(result.output == "y\ny\ny\ny\ny\n");
}

TEST_CASE("process: what cannot be started is an error") {
    ProcessRequest request;
    CHECK_THROWS_AS(ProcessJob(request), Error);
    request.arguments = {"/no/such/program"};
    CHECK_THROWS_WITH(ProcessJob(request), Catch::Contains("/no/such/program"));
    request = shell("true");
    request.folder = "/no/such/folder";
    CHECK_THROWS_WITH(ProcessJob(request), Catch::Contains("/no/such/folder"));
    int files = open_files();
    for (int i = 0; i < 50; ++i) CHECK_THROWS_AS(ProcessJob(request), Error);
    CHECK(open_files() == files);
}
