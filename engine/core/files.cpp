// SPDX-License-Identifier: Apache-2.0
// Atomic writes and maps. The temporary file stands in the target's folder, because rename is only
// atomic within one file system; its name carries the process id, so that two runs never share one.
#include "core/files.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/error.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

std::string system_error() { return std::strerror(errno); }

[[noreturn]] void fail_open(const std::string& path) {
    int code = errno;
    if (code == ENOENT) {
        fs::path parent = fs::path(path).parent_path();
        bool no_folder = !parent.empty() && !fs::exists(parent);
        throw Error("no file " + quote(path, 200), no_folder ? "an existing path" : "",
                    no_folder
                        ? "the folder " + quote(parent.string(), 200) + " does not exist either"
                        : "");
    }
    throw Error("cannot open " + quote(path, 200) + ": " + std::strerror(code));
}

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

int open_file(const std::string& path, struct stat& info) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail_open(path);
    if (::fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
        ::close(fd);
        throw Error(quote(path, 200) + " is a folder", "a file");
    }
    return fd;
}

// The temporary file of one write; removed unless it was renamed.
struct Temporary {
    std::string path;
    bool keep = false;
    ~Temporary() {
        if (!keep) ::unlink(path.c_str());
    }
};

void sync_folder(const std::string& path) {
    std::string folder = fs::path(path).parent_path().string();
    Descriptor d{::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (d.fd >= 0) ::fsync(d.fd);
}

}  // namespace

std::string read_file(const std::string& path) {
    struct stat info;
    Descriptor d{open_file(path, info)};
    std::string bytes;
    bytes.reserve(size_t(info.st_size));
    char block[1 << 16];
    for (;;) {
        ssize_t got = ::read(d.fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw Error("cannot read " + quote(path, 200) + ": " + system_error());
        if (got == 0) return bytes;
        bytes.append(block, size_t(got));
    }
}

void write_file(const std::string& path, std::string_view bytes) {
    write_file(path, [&](const auto& append) { append(bytes.data(), bytes.size()); });
}

void write_file(const std::string& path,
                const std::function<void(const std::function<void(const void*, size_t)>&)>& fill) {
    Temporary temporary{path + ".tmp" + std::to_string(::getpid())};
    Descriptor d{::open(temporary.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (d.fd < 0) {
        temporary.keep = true;  // nothing to remove
        throw Error("cannot write " + quote(path, 200) + ": " + system_error());
    }
    auto failed = [&] {
        throw Error("cannot write " + quote(path, 200) + ": " + system_error() +
                    "; what was there before is untouched");
    };
    fill([&](const void* data, size_t size) {
        const char* at = static_cast<const char*>(data);
        while (size > 0) {
            ssize_t done = ::write(d.fd, at, size);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) failed();
            at += done;
            size -= size_t(done);
        }
    });
    if (::fsync(d.fd) != 0) failed();
    if (::rename(temporary.path.c_str(), path.c_str()) != 0) failed();
    temporary.keep = true;
    sync_folder(path);
}

std::shared_ptr<MappedFile> MappedFile::open(const std::string& path) {
    struct stat info;
    Descriptor d{open_file(path, info)};
    std::shared_ptr<MappedFile> file(new MappedFile);
    file->path_ = path;
    file->size_ = size_t(info.st_size);
    if (file->size_ == 0) return file;
    // Private and writable: whoever changes a mapped tensor (training) gets his own copy of the
    // page, and the file stays as it is. NORESERVE: no swap is set aside for copies nobody makes.
    void* at =
        ::mmap(nullptr, file->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, d.fd, 0);
    if (at == MAP_FAILED) throw Error("cannot map " + quote(path, 200) + ": " + system_error());
    file->data_ = static_cast<const std::byte*>(at);
    return file;
}

MappedFile::~MappedFile() {
    if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string home_folder() {
    if (const char* home = std::getenv("MOONLET_HOME"); home && *home) return home;
    // This code stands in build/libmoonlet_base.so: its folder's parent is the checkout.
    Dl_info info;
    if (::dladdr(reinterpret_cast<void*>(&home_folder), &info) && info.dli_fname) {
        std::error_code ignored;
        fs::path here = fs::canonical(info.dli_fname, ignored);
        if (!ignored) return here.parent_path().parent_path().string();
    }
    return fs::current_path().string();
}

std::string resolve_model_path(const std::string& name) {
    std::string path = name;
    if (path.rfind("~/", 0) == 0)
        if (const char* home = std::getenv("HOME")) path = home + path.substr(1);
    if (fs::exists(path)) return path;
    std::string home = home_folder(), looked;
    if (name.find('/') == std::string::npos) {
        for (std::string place : {home + "/examples/models/" + name, home + "/.deps/" + name}) {
            if (fs::exists(place + "/config.json")) return place;
            looked += (looked.empty() ? "" : " and ") + place;
        }
    }
    throw Error("no model " + quote(name, 200),
                "a folder with config.json and model.safetensors, a .gguf file, \"demo\" or "
                "\"minilm\"",
                looked.empty() ? "" : "looked in " + looked);
}

}  // namespace moonlet
