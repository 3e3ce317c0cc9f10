// SPDX-License-Identifier: Apache-2.0
#include "shell/history.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/secrets.h"

namespace moonlet {
namespace {

constexpr long long kMaxRead = 4 << 20;

}  // namespace

History::History(std::string path) : path_(std::move(path)) {
    static int count = 0;
    session_ = std::to_string(std::time(nullptr)) + "." + std::to_string(getpid()) + "." +
               std::to_string(++count);
}

std::string History::default_path() {
    const char* state = std::getenv("XDG_STATE_HOME");
    if (state && *state) return std::string(state) + "/moonlet/history";
    const char* home = std::getenv("HOME");
    if (home && *home) return std::string(home) + "/.local/state/moonlet/history";
    return {};
}

std::string History::escape(std::string_view entry) {
    std::string line;
    for (char c : entry) {
        if (c == '\\') {
            line += "\\\\";
        } else if (c == '\n') {
            line += "\\n";
        } else {
            line += c;
        }
    }
    return line;
}

bool History::unescape(std::string_view line, std::string* entry) {
    entry->clear();
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\0') return false;
        if (line[i] != '\\') {
            *entry += line[i];
        } else if (++i < line.size() && (line[i] == 'n' || line[i] == '\\')) {
            *entry += line[i] == 'n' ? '\n' : '\\';
        } else {
            return false;
        }
    }
    return true;
}

void History::add(const std::string& entry) {
    if (entry.find_first_not_of(" \t\n") == std::string::npos || entry[0] == ' ') return;
    if (!own_.empty() && own_.back() == entry) return;
    own_.push_back(entry);
    changed_ = true;
    if (path_.empty()) return;
    std::string line = escape(without_keys(entry));
    append(std::to_string(std::time(nullptr)) + "\t" + session_ + "\t" + line + "\n");
}

void History::append(const std::string& line) {
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
    int file = open(path_.c_str(), flags, 0600);
    if (file < 0) {
        std::error_code failed;
        auto folder = std::filesystem::path(path_).parent_path();
        if (!std::filesystem::create_directories(folder, failed)) return;
        ::chmod(folder.c_str(), 0700);
        file = open(path_.c_str(), flags, 0600);
        if (file < 0) return;
    }
    // One write: entries of other shells can stand before or after it, never within.
    [[maybe_unused]] auto n = ::write(file, line.data(), line.size());
    ::close(file);
}

void History::read_file() {
    if (!stale_ && !changed_) return;
    stale_ = false;
    struct stat status {};
    if (path_.empty() || stat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        if (changed_) all_ = own_;
        changed_ = false;
        return;
    }
    if (status.st_size == read_size_ && !changed_) return;
    read_size_ = status.st_size;
    changed_ = false;
    all_.clear();
    std::ifstream file(path_, std::ios::binary);
    std::string line, entry;
    if (status.st_size > kMaxRead) {
        file.seekg(status.st_size - kMaxRead);
        std::getline(file, line);  // part of an entry
    }
    while (std::getline(file, line)) {
        std::size_t first = line.find('\t');
        std::size_t second = first == std::string::npos ? first : line.find('\t', first + 1);
        if (second == std::string::npos) continue;
        if (line.compare(first + 1, second - first - 1, session_) == 0) continue;
        if (!unescape(std::string_view(line).substr(second + 1), &entry)) continue;
        if (all_.empty() || all_.back() != entry) all_.push_back(entry);
    }
    all_.insert(all_.end(), own_.begin(), own_.end());
}

const std::vector<std::string>& History::entries() {
    read_file();
    return all_;
}

}  // namespace moonlet
