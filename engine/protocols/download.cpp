// SPDX-License-Identifier: Apache-2.0
// The hash runs behind the bytes: each step reads back a slice of what stands in the file (from the
// page cache), so that a partial file of an earlier run and what has just come go the same way.
#include "protocols/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr double kLockEvery = 0.1, kFirstPause = 0.5, kLongestPause = 8;
constexpr size_t kSlice = 8 << 20;         // hashed at a step
constexpr int64_t kFlushEvery = 64 << 20;  // bytes after which the disk is told to begin

std::string system_error() { return std::strerror(errno); }

std::string megabytes(int64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MB", double(bytes) / 1e6);
    return text;
}

// The first byte of a 206's "bytes 5-9/10" and the whole length (-1 = not said); false: no such.
bool read_range(const std::string& text, int64_t& first, int64_t& whole) {
    long long a = 0, b = 0, n = -1;
    if (std::sscanf(text.c_str(), "bytes %lld-%lld/%lld", &a, &b, &n) < 2) return false;
    first = a;
    whole = n;
    return true;
}

}  // namespace

DownloadJob::DownloadJob(DownloadFile file, HubAccess access)
    : file_(std::move(file)), access_(std::move(access)) {
    if (file_.hash.empty() && !file_.etag.empty()) validator_ = '"' + file_.etag + '"';
}

DownloadJob::~DownloadJob() { close_files(); }

void DownloadJob::close_files() {
    for (int* fd : {&fd_, &lock_fd_}) {
        if (*fd >= 0) ::close(*fd);  // gives the lock back
        *fd = -1;
    }
}

void DownloadJob::add_fds(std::vector<pollfd>& fds) const {
    if (request_ && state_ == State::receive) request_->add_fds(fds);
}

int DownloadJob::timeout_ms() const {
    if (state_ == State::lock || state_ == State::pause)
        return std::max(0, int(std::ceil((wake_ - monotonic_seconds()) * 1000)));
    return state_ == State::receive ? request_->timeout_ms() : 0;
}

std::string DownloadJob::waiting() const {
    if (state_ == State::lock && lock_since_ > 0)
        return "another process is pulling " + file_.name + "; waiting for it";
    if (state_ == State::pause) return pause_why_;
    return state_ == State::receive ? request_->pausing() : "";
}

void DownloadJob::advance() {
    try {
        switch (state_) {
            case State::lock:
                if (take_lock()) open_partial();
                break;
            case State::pause:
                if (monotonic_seconds() >= wake_) state_ = State::ask;
                break;
            case State::ask: ask(); break;
            case State::receive: receive(); break;
            case State::check: check(); break;
            case State::done: break;
        }
    } catch (const Error& e) {  // of our own disk, or an address that is none
        fail(e.what());
    }
}

// filelock, which the Python package uses, removes a lock file when it gives it back: what is
// locked must still be what stands under the name.
bool DownloadJob::take_lock() {
    double now = monotonic_seconds();
    if (now < wake_) return false;
    wake_ = now + kLockEvery;
    if (lock_fd_ < 0) lock_fd_ = ::open(file_.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
    if (lock_fd_ < 0) throw Error("cannot write " + quote(file_.lock, 200) + ": " + system_error());
    if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
        // a file system without locks (ENOLCK …): the hash still tells what two writers spoil
        if (errno != EWOULDBLOCK && errno != EINTR) return true;
        if (lock_since_ == 0) lock_since_ = now;
        return false;
    }
    struct stat mine, there;
    if (::fstat(lock_fd_, &mine) == 0 && ::stat(file_.lock.c_str(), &there) == 0 &&
        mine.st_ino == there.st_ino)
        return true;
    ::close(lock_fd_);
    lock_fd_ = -1;
    wake_ = 0;
    return false;
}

void DownloadJob::open_partial() {
    struct stat info;
    if (!file_.force && ::stat(file_.path.c_str(), &info) == 0) {
        if (file_.bytes < 0 || info.st_size == file_.bytes) {
            there_ = true;
            have_ = info.st_size;
            state_ = State::done;
            close_files();
            return;
        }  // a content of another length under this hash is damaged
    }
    fd_ = ::open(file_.partial.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw Error("cannot write " + quote(file_.partial, 200) + ": " + system_error());
    have_ = ::fstat(fd_, &info) == 0 ? int64_t(info.st_size) : 0;
    begin_anew();
    if (!file_.force && info.st_size > 0 && (file_.bytes < 0 || info.st_size <= file_.bytes)) {
        have_ = info.st_size;
        resumed_ = true;
    } else if (::ftruncate(fd_, 0) != 0) {
        throw Error("cannot write " + quote(file_.partial, 200) + ": " + system_error());
    }
    state_ = have_ == file_.bytes ? State::check : State::ask;
}

// Counts from the first byte again; the caller sees to the file.
void DownloadJob::begin_anew() {
    have_ = hashed_ = flushed_ = 0;
    resumed_ = false;
    if (file_.hash.size() == 64) sha256_ = std::make_unique<Sha256>();
    if (file_.hash.size() != 40) return;
    sha1_ = std::make_unique<Sha1>();
    if (file_.bytes < 0) return;  // then the header waits for the end, see hash_some
    std::string header = "blob " + std::to_string(file_.bytes);
    sha1_->add(header.c_str(), header.size() + 1);  // with its '\0'
}

void DownloadJob::ask() {
    HttpHeaders headers;
    if (have_ > 0) {
        headers.emplace_back("Range", "bytes=" + std::to_string(have_) + "-");
        if (!validator_.empty()) headers.emplace_back("If-Range", validator_);
    }
    request_ = std::make_unique<HubRequestJob>(access_, "GET", file_.url, headers, true);
    begun_ = false;
    at_start_ = have_;
    state_ = State::receive;
}

void DownloadJob::begin_answer() {
    begun_ = true;
    const HttpResponse& answer = request_->response();
    int64_t whole = -1, first = 0;
    if (answer.status == 206) {
        if (!read_range(http_header(answer.headers, "content-range"), first, whole) ||
            first != have_)
            throw Error("it answers another range than was asked for");
    } else {
        if (have_ > 0 && ::ftruncate(fd_, 0) != 0)
            throw Error("cannot write " + quote(file_.partial, 200) + ": " + system_error());
        if (have_ > 0) begin_anew();  // the file has changed, or the server knows no ranges
        std::string length = http_header(answer.headers, "content-length");
        if (!length.empty()) whole = std::atoll(length.c_str());
    }
    if (whole >= 0 && file_.bytes >= 0 && whole != file_.bytes)
        throw Error("the server offers " + std::to_string(whole) +
                        " bytes where the hub's listing says " + std::to_string(file_.bytes),
                    "", "the file may just have changed: pull again");
    std::string etag = http_header(answer.headers, "etag");
    if (!etag.empty() && etag.rfind("W/", 0) != 0) validator_ = etag;
}

void DownloadJob::receive() {
    request_->advance();
    if (request_->answered()) {
        if (!begun_) begin_answer();
        write(request_->take());
        hash_some();
    }
    if (!request_->done()) return;
    const HttpResponse& answer = request_->response();
    if (!request_->failure().empty()) return broken(request_->failure());
    if (answer.status == 416 && have_ > 0) {  // longer than the file is now
        if (::ftruncate(fd_, 0) != 0) throw Error("cannot write: " + system_error());
        begin_anew();
        state_ = State::ask;
        return;
    }
    if (answer.status / 100 != 2)
        return fail(hub_refusal(answer.status, answer.headers, answer.body, file_.page,
                                !access_.token.empty()));
    if (file_.bytes >= 0 && have_ < file_.bytes) return broken("the answer ended early");
    state_ = State::check;
}

void DownloadJob::broken(const std::string& why) {
    tries_ = have_ > at_start_ ? 0 : tries_ + 1;
    if (tries_ > access_.retries || (tries_ > 0 && !begun_))
        return fail(why + (have_ > 0 ? "; " + megabytes(have_) +
                                           " are kept, the same pull goes on from there"
                                     : ""));
    double pause = tries_ == 0 ? 0 : std::min(kLongestPause, kFirstPause * std::pow(2, tries_ - 1));
    wake_ = monotonic_seconds() + pause;
    pause_why_ = why + "; going on at " + megabytes(have_);
    state_ = State::pause;
}

void DownloadJob::write(std::string_view bytes) {
    received_ += int64_t(bytes.size());
    while (!bytes.empty()) {
        ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), off_t(have_));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            throw Error("cannot write " + quote(file_.partial, 200) + ": " + system_error() +
                            "; what came is kept",
                        "", "free some space, or name another place with cache=");
        have_ += n;
        bytes.remove_prefix(size_t(n));
    }
    if (file_.bytes >= 0 && have_ > file_.bytes) {
        ::unlink(file_.partial.c_str());
        throw Error("more bytes came than the " + std::to_string(file_.bytes) +
                    " that the hub's listing says; nothing of it was kept");
    }
    if (have_ - flushed_ < kFlushEvery) return;
    ::sync_file_range(fd_, flushed_, have_ - flushed_, SYNC_FILE_RANGE_WRITE);
    flushed_ = have_;
}

bool DownloadJob::hash_some() {
    if (sha1_ && file_.bytes < 0) {  // its length comes first in git's hash
        if (state_ != State::check) return false;
        std::string header = "blob " + std::to_string(have_);
        if (hashed_ == 0) sha1_->add(header.c_str(), header.size() + 1);
    }
    if ((!sha1_ && !sha256_) || hashed_ == have_) return false;
    static thread_local std::vector<char> slice(kSlice);
    ssize_t n =
        ::pread(fd_, slice.data(), std::min(size_t(have_ - hashed_), kSlice), off_t(hashed_));
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) throw Error("cannot read " + quote(file_.partial, 200) + ": " + system_error());
    if (sha1_) sha1_->add(slice.data(), size_t(n));
    if (sha256_) sha256_->add(slice.data(), size_t(n));
    hashed_ += n;
    return hashed_ < have_;
}

void DownloadJob::check() {
    if (hash_some()) return;
    std::string found = sha1_ ? sha1_->hex() : sha256_ ? sha256_->hex() : "";
    if (found == file_.hash) return finish();
    if (resumed_ && !second_) {  // the part that was there before may be the wrong one
        second_ = true;
        if (::ftruncate(fd_, 0) != 0) throw Error("cannot write: " + system_error());
        begin_anew();
        state_ = State::ask;
        return;
    }
    ::unlink(file_.partial.c_str());
    throw Error(std::string("its content is not what the hub says: ") +
                    (sha1_ ? "git's id is " : "SHA-256 is ") + found.substr(0, 16) + "…",
                file_.hash.substr(0, 16) + "…", "nothing of it was kept; pull again");
}

void DownloadJob::finish() {
    if (::fsync(fd_) != 0 || ::rename(file_.partial.c_str(), file_.path.c_str()) != 0)
        throw Error("cannot write " + quote(file_.path, 200) + ": " + system_error());
    request_.reset();
    close_files();
    state_ = State::done;
}

void DownloadJob::fail(const std::string& why) {
    failure_ = without_token(why, access_.token);
    if (request_) request_->cancel();
    close_files();
    state_ = State::done;
}

void DownloadJob::cancel() {
    if (!done()) fail("it was cancelled");
}

Json DownloadJob::result() {
    if (!failure_.empty()) throw Error(file_.name + ": " + failure_);
    return {{"name", file_.name},
            {"bytes", have_},
            {"received", received_},
            {"there", there_},
            {"resumed", resumed_}};
}

}  // namespace moonlet
