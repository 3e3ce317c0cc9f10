// SPDX-License-Identifier: Apache-2.0
#include "shell/whole_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace moonlet {

std::string expand_home(const std::string& path) {
    const char* home = std::getenv("HOME");
    return path.rfind("~/", 0) == 0 && home ? home + path.substr(1) : path;
}

std::vector<std::string> argument_words(const std::string& argument) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < argument.size();) {
        char c = argument[at];
        if (c == ' ' || c == '\t' || c == '\n' || c == ',') {
            ++at;
            continue;
        }
        std::size_t end = std::string::npos;
        bool quoted = c == '"' || c == '\'';
        if (quoted) end = argument.find(c, at + 1);
        quoted = end != std::string::npos;
        if (!quoted) end = std::min(argument.find_first_of(" \t\n,", at), argument.size());
        words.push_back(argument.substr(at + quoted, end - at - quoted));
        at = end + quoted;
    }
    return words;
}

std::string write_whole(const std::string& path, const std::string& text, unsigned mode) {
    std::string temporary = path + ".tmp" + std::to_string(::getpid());
    int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return std::strerror(errno);
    std::size_t done = 0;
    bool good = true;
    while (good && done < text.size()) {
        ssize_t n = ::write(fd, text.data() + done, text.size() - done);
        if (n > 0) done += static_cast<std::size_t>(n);
        good = n > 0 || errno == EINTR;
    }
    good = good && ::fsync(fd) == 0;
    std::string problem = good ? "" : std::strerror(errno);
    ::close(fd);
    if (good && ::rename(temporary.c_str(), path.c_str()) != 0) problem = std::strerror(errno);
    if (!problem.empty()) ::unlink(temporary.c_str());
    return problem;
}

bool read_whole(const std::string& path, std::string* text) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        *text = fd < 0 ? std::strerror(errno) : "it is no file";
        if (fd >= 0) ::close(fd);
        return false;
    }
    text->resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < text->size()) {
        auto n = ::read(fd, text->data() + done, text->size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    text->resize(done);
    ::close(fd);
    return true;
}

}  // namespace moonlet
