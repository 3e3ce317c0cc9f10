// SPDX-License-Identifier: Apache-2.0
// posix_spawn, because it neither copies a large process's page tables nor runs our code in the
// child. The end is seen by a pidfd where the system has them, else by asking every few
// milliseconds: closed pipes are no sign of it, since a grandchild may hold them open.
#include "protocols/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "core/error.h"

extern char** environ;

namespace moonlet {

namespace {

constexpr int kAskMs = 5;

// Children that were killed but had not ended yet; asked for again whenever a process starts.
std::vector<pid_t>& unreaped() {
    static std::vector<pid_t> pids;
    return pids;
}

void reap_old() {
    auto& pids = unreaped();
    pids.erase(std::remove_if(pids.begin(), pids.end(),
                              [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; }),
               pids.end());
}

struct Pipe {
    int ends[2] = {-1, -1};
    Pipe() {
        if (pipe2(ends, O_CLOEXEC) != 0)
            throw Error(std::string("no pipe for a process: ") + std::strerror(errno));
    }
    ~Pipe() {
        for (int end : ends)
            if (end >= 0) close(end);
    }
    int take(int which) {
        int end = ends[which];
        ends[which] = -1;
        fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
        return end;
    }
};

// What the child gets: pipes as its standard files, nothing else of ours open, its own group, and
// signals as a fresh program expects them.
struct SpawnPlan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    SpawnPlan(const ProcessRequest& request, int in, int out, int err) {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&actions, in, 0);
        posix_spawn_file_actions_adddup2(&actions, out, 1);
        posix_spawn_file_actions_adddup2(&actions, err, 2);
        posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        if (!request.folder.empty())
            posix_spawn_file_actions_addchdir_np(&actions, request.folder.c_str());
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
}

// Reads what is there; closes the end where there is no more to come.
void read_some(int& end, std::string& kept, size_t& total, size_t limit) {
    char buffer[65536];
    while (end >= 0) {
        ssize_t n = read(end, buffer, sizeof buffer);
        if (n > 0) {
            size_t room = limit > kept.size() ? limit - kept.size() : 0;
            kept.append(buffer, std::min(size_t(n), room));
            total += size_t(n);
            // what writes without end must not keep us here: the rest comes with the next call
            if (size_t(n) < sizeof buffer || total % (16 * sizeof buffer) < sizeof buffer) return;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_end(end);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

// write() without the SIGPIPE that a closed reader would send us.
ssize_t write_quietly(int end, const char* data, size_t size) {
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t n = write(end, data, size);
    int error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE)) {
        timespec zero{0, 0};
        sigtimedwait(&pipe_signal, nullptr, &zero);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return n;
}

}  // namespace

ProcessJob::ProcessJob(ProcessRequest request) : request_(std::move(request)) {
    if (request_.arguments.empty()) throw Error("no program to run", "{\"program\", \"argument\"}");
    reap_old();
    if (!request_.folder.empty() && access(request_.folder.c_str(), X_OK) != 0)
        throw Error("cannot run in " + quote(request_.folder) + ": " + std::strerror(errno),
                    "a folder");
    std::vector<char*> arguments;
    for (std::string& argument : request_.arguments) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    Pipe in, out, err;
    SpawnPlan plan(request_, in.ends[0], out.ends[1], err.ends[1]);
    int failed = posix_spawnp(&pid_, arguments[0], &plan.actions, &plan.attributes,
                              arguments.data(), environ);
    if (failed != 0) {
        pid_ = -1;
        throw Error("cannot run " + quote(request_.arguments[0]) + ": " + std::strerror(failed));
    }
    in_ = in.take(1);
    out_ = out.take(0);
    err_ = err.take(0);
#ifdef SYS_pidfd_open
    watch_ = int(syscall(SYS_pidfd_open, pid_, 0));
#endif
    if (request_.timeout > 0) deadline_ = monotonic_seconds() + request_.timeout;
    write_input();
}

ProcessJob::~ProcessJob() { cancel(); }

void ProcessJob::write_input() {
    while (in_ >= 0 && written_ < request_.input.size()) {
        ssize_t n =
            write_quietly(in_, request_.input.data() + written_, request_.input.size() - written_);
        if (n > 0) written_ += size_t(n);
        else if (errno == EAGAIN) return;
        else if (errno != EINTR) break;  // it reads no more: its own business
    }
    close_end(in_);
}

void ProcessJob::add_fds(std::vector<pollfd>& fds) const {
    if (in_ >= 0) fds.push_back({in_, POLLOUT, 0});
    if (out_ >= 0) fds.push_back({out_, POLLIN, 0});
    if (err_ >= 0) fds.push_back({err_, POLLIN, 0});
    if (watch_ >= 0) fds.push_back({watch_, POLLIN, 0});
}

int ProcessJob::timeout_ms() const {
    int wait = watch_ < 0 ? kAskMs : -1;
    if (deadline_ > 0) {
        int left = int(std::ceil(1000 * std::max(0.0, deadline_ - monotonic_seconds())));
        wait = wait < 0 ? left : std::min(wait, left);
    }
    return wait;
}

void ProcessJob::advance() {
    if (done_) return;
    write_input();
    read_some(out_, result_.output, result_.output_bytes, request_.max_bytes);
    read_some(err_, result_.errors, result_.error_bytes, request_.max_bytes);
    int status = 0;
    pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno == ECHILD)) {
        reaped_ = true;
        if (ended == pid_)
            result_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        finish();
    } else if (deadline_ > 0 && monotonic_seconds() >= deadline_) {
        result_.timed_out = true;
        finish();
    }
}

void ProcessJob::cancel() {
    if (done_) return;
    result_.cancelled = true;
    finish();
}

// Kills what is left of the group and takes the last of the output.
void ProcessJob::finish() {
    kill(-pid_, SIGKILL);
    for (int i = 0; !reaped_ && i < 100; ++i) {
        int status = 0;
        reaped_ = waitpid(pid_, &status, WNOHANG) != 0;
        if (reaped_) result_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 0;
        else poll(nullptr, 0, 1);
    }
    if (!reaped_) unreaped().push_back(pid_);
    for (int i = 0; i < 64 && (out_ >= 0 || err_ >= 0); ++i) {  // at most a few pipes full
        size_t before = result_.output_bytes + result_.error_bytes;
        read_some(out_, result_.output, result_.output_bytes, request_.max_bytes);
        read_some(err_, result_.errors, result_.error_bytes, request_.max_bytes);
        if (result_.output_bytes + result_.error_bytes == before) break;
    }
    for (int* end : {&in_, &out_, &err_, &watch_}) close_end(*end);
    done_ = true;
}

Json ProcessJob::result() {
    return {{"stdout", result_.output},
            {"stderr", result_.errors},
            {"code", result_.code},
            {"timed_out", result_.timed_out},
            {"cancelled", result_.cancelled},
            {"stdout_bytes", result_.output_bytes},
            {"stderr_bytes", result_.error_bytes}};
}

}  // namespace moonlet
