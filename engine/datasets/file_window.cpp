// SPDX-License-Identifier: Apache-2.0
// Who reads on where he left off is given more at once: 256 KB; who jumps gets 8 KB.
#include "datasets/file_window.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr size_t kJump = 8 << 10, kStream = 256 << 10;

int64_t nanoseconds(const struct stat& info) {
    return int64_t(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
}

}  // namespace

OpenFile::OpenFile(const std::string& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) throw Error("cannot open " + quote(path, 200) + ": " + std::strerror(errno));
    struct stat info;
    if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
        ::close(fd_);
        throw Error(quote(path, 200) + " is no regular file", "a file");
    }
    size_ = uint64_t(info.st_size);
    modified_ = nanoseconds(info);
}

OpenFile::~OpenFile() { ::close(fd_); }

void OpenFile::read(uint64_t offset, char* to, size_t size) const {
    struct stat info;
    bool same = ::fstat(fd_, &info) == 0 && uint64_t(info.st_size) == size_ &&
                nanoseconds(info) == modified_;
    while (same && size > 0) {
        ssize_t got = ::pread(fd_, to, size, off_t(offset));
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
