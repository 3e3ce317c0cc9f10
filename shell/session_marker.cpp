// SPDX-License-Identifier: Apache-2.0
#include "shell/session_marker.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace moonlet {
namespace {

// What exit() inside an entry has to take away: os.exit() is a leave like any other.
std::vector<std::string>& at_exit() {
    static std::vector<std::string> paths;
    return paths;
}

pid_t owner = 0;

void remove_at_exit() {
    if (getpid() != owner) return;  // a child of the shell
    for (const auto& path : at_exit()) ::unlink(path.c_str());
}

}  // namespace

SessionMarker::SessionMarker(std::string folder) : folder_(std::move(folder)) {}

SessionMarker::~SessionMarker() {
    for (const auto& list : {own_, dead_}) {
        for (const Held& held : list) ::close(held.file);
    }
}

void SessionMarker::place(const std::string& session) {
    if (folder_.empty() || !own_.empty()) return;
    std::error_code failed;
    std::filesystem::create_directories(folder_, failed);
    int file = ::open(path(session).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (file < 0) return;
    ::flock(file, LOCK_EX | LOCK_NB);
    own_.push_back({session, file});
    at_exit();  // before atexit(): it must outlive the handler
    if (owner == 0) std::atexit(remove_at_exit);
    owner = getpid();
    at_exit().push_back(path(session));
}

void SessionMarker::remove() {
    for (auto* list : {&own_, &dead_}) {
        for (const Held& held : *list) {
            ::unlink(path(held.session).c_str());
            ::close(held.file);
        }
        list->clear();
    }
    abandon();
}

void SessionMarker::abandon() { at_exit().clear(); }

const std::vector<std::string>& SessionMarker::find_dead() {
    if (folder_.empty()) return names_;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, failed)) {
        std::string name = entry.path().filename().string();
        auto same = [&](const Held& held) { return held.session == name; };
        if (std::any_of(own_.begin(), own_.end(), same)) continue;
        if (std::any_of(dead_.begin(), dead_.end(), same)) continue;
        int file = ::open(path(name).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (file < 0) continue;
        // Between our open and the lock its owner may have left and taken the file away.
        struct stat status {};
        if (::flock(file, LOCK_EX | LOCK_NB) != 0 || ::fstat(file, &status) != 0 ||
            !S_ISREG(status.st_mode) || status.st_nlink == 0) {
            ::close(file);
            continue;
        }
        dead_.push_back({name, file});
    }
    std::sort(dead_.begin(), dead_.end(),
              [](const Held& a, const Held& b) { return a.session < b.session; });
    names_.clear();
    for (const Held& held : dead_) names_.push_back(held.session);
    return names_;
}

void SessionMarker::drop(const std::string& session) {
    auto found = std::find_if(dead_.begin(), dead_.end(),
                              [&](const Held& held) { return held.session == session; });
    if (found == dead_.end()) return;
    ::unlink(path(session).c_str());
    ::close(found->file);
    dead_.erase(found);
}

}  // namespace moonlet
