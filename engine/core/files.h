// SPDX-License-Identifier: Apache-2.0
// Files as whole byte strings, read and written so that a killed run or a full disk never leaves
// half a file: write_file goes to a temporary name beside the target, fsyncs and renames. Also the
// folders moonlet looks in. Knows no format.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace moonlet {

// The bytes of a file. Error: missing, a folder, unreadable.
std::string read_file(const std::string& path);
// Atomically replaces `path` with `bytes`. Error: the old file is untouched and the temporary gone.
void write_file(const std::string& path, std::string_view bytes);

// Streams an atomic write: `fill` gets an append function; the target appears only when it returns.
void write_file(const std::string& path,
           const std::function<void(const std::function<void(const void*, size_t)>& append)>& fill);

// A memory map, shared by every view into it; unmapped when the last owner goes. Copy-on-write: who
// casts the const away and writes changes this map's pages only, never the file.
class MappedFile {
  public:
    static std::shared_ptr<MappedFile> open(const std::string& path);  // Error as read_file
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    const std::byte* data() const { return data_; }
    size_t size() const { return size_; }
    const std::string& path() const { return path_; }

  private:
    MappedFile() = default;
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
    std::string path_;
};

// $MOONLET_HOME, else the folder above the one that holds this library (build/..): names like
// "demo" and "minilm" resolve below it.
std::string home_folder();

// What a model's name stands for: an existing path as it is; "demo" -> examples/models/demo,
// "minilm" -> .deps/minilm below home_folder(). Error names the places looked in.
std::string resolve_model_path(const std::string& name);

}  // namespace moonlet
