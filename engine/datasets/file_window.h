// SPDX-License-Identifier: Apache-2.0
// A file seen through a window: what is read stays in one buffer until something else is asked for,
// so a file of any size takes kilobytes. It is read, not mapped: pages of a map would count as our
// memory, and a file that shrinks under a map kills the process. Here it is an Error, as is a file
// that changed since it was opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace moonlet {

class OpenFile {
  public:
    explicit OpenFile(const std::string& path);  // Error: missing, a folder, unreadable
    ~OpenFile();
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    const std::string& path() const { return path_; }
    uint64_t size() const { return size_; }
    // Reads exactly `size` bytes at `offset`. Error: the file has changed.
    void read(uint64_t offset, char* to, size_t size) const;

  private:
    std::string path_;
    int fd_ = -1;  // -1: too many are open, this one is opened for each read
    uint64_t size_ = 0;
    int64_t modified_ = 0;  // nanoseconds
};

class FileWindow {
  public:
    explicit FileWindow(std::shared_ptr<const OpenFile> file) : file_(std::move(file)) {}
    // At least `want` bytes from `offset` on, or all that are left; good until the next call.
    std::string_view at(uint64_t offset, size_t want);
    size_t memory_bytes() const { return bytes_.capacity(); }

  private:
    std::shared_ptr<const OpenFile> file_;
    std::string bytes_;
    uint64_t begin_ = 0;
};

}  // namespace moonlet
