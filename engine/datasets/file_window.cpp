// SPDX-License-Identifier: Apache-2.0
// Who reads on where he left off is given more at once: 256 KB; who jumps gets 8 KB.
#include "datasets/file_window.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr size_t kJump = 8 << 10, kStream = 256 << 10;

// Files held open by all datasets; a pattern may mean thousands, a process may have 1024.
constexpr int kMostOpen = 200;
std::atomic<int> held_open{0};

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

int open_file(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw Error("cannot open " + quote(path, 200) + ": " + std::strerror(errno));
    return fd;
}

int64_t nanoseconds(const struct stat& info) {
    return int64_t(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
}

}  // namespace

OpenFile::OpenFile(const std::string& path) : path_(path) {
    Descriptor file{open_file(path)};
    struct stat info;
    if (::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode))
        throw Error(quote(path, 200) + " is no regular file", "a file");
    size_ = uint64_t(info.st_size);
    modified_ = nanoseconds(info);
    if (held_open >= kMostOpen) return;
    ++held_open;
    std::swap(fd_, file.fd);
}

OpenFile::~OpenFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    --held_open;
}

void OpenFile::read(uint64_t offset, char* to, size_t size) const {
    Descriptor own{fd_ < 0 ? open_file(path_) : -1};
    const int fd = fd_ < 0 ? own.fd : fd_;
    struct stat info;
    bool same = ::fstat(fd, &info) == 0 && uint64_t(info.st_size) == size_ &&
                nanoseconds(info) == modified_;
    while (same && size > 0) {
        ssize_t got = ::pread(fd, to, size, off_t(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw Error("cannot read " + quote(path_, 200) + ": " + std::strerror(errno));
        if (got == 0) same = false;
        to += got;
        offset += uint64_t(got);
        size -= size_t(got);
    }
    if (!same)
        throw Error(quote(path_, 200) + " has changed since it was opened", "", "load it again");
}

std::string_view FileWindow::at(uint64_t offset, size_t want) {
    want = size_t(std::min<uint64_t>(want, file_->size() - std::min(offset, file_->size())));
    uint64_t end = begin_ + bytes_.size();
    if (offset < begin_ || offset + want > end) {
        bool onward = offset >= begin_ && offset <= end;
        size_t size = std::max(want, onward ? kStream : kJump);
        size = size_t(std::min<uint64_t>(size, file_->size() - offset));
        begin_ = offset;
        bytes_.clear();
        bytes_.resize(size);
        try {
            file_->read(offset, bytes_.data(), size);
        } catch (const Error&) {
            bytes_.clear();
            throw;
        }
    }
    return std::string_view(bytes_).substr(size_t(offset - begin_));
}

}  // namespace moonlet
