// SPDX-License-Identifier: Apache-2.0
// Inputs of this and earlier sessions. File: one line for each entry, appended by one write() with
// O_APPEND, so that any number of shells share it:
//     seconds since 1970, TAB, session id, TAB, entry with \ as \\ and line breaks as \n
// A key typed as api_key="…" does not reach the file. Damaged lines are passed over. A file that
// cannot be written costs nothing but the memory of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

class History {
  public:
    // Empty path: nothing is read or written.
    explicit History(std::string path);

    // $XDG_STATE_HOME/moonlet/history, by default ~/.local/state/moonlet/history; empty without a
    // home.
    static std::string default_path();

    // Keeps an entry, unless it is empty, starts with a space or equals the one before.
    void add(const std::string& entry);

    // All entries, oldest first: those of other sessions, then this session's. Reads the file (at
    // most its last 4 MB) on the first call, and again after refresh() when it has grown.
    const std::vector<std::string>& entries();
    void refresh() { stale_ = true; }

    // How many of entries(), at the end, are this session's.
    std::size_t session_count() const { return own_.size(); }

    static std::string escape(std::string_view entry);
    static bool unescape(std::string_view line, std::string* entry);  // false: damaged

  private:
    std::string path_, session_;
    std::vector<std::string> own_, all_;
    long long read_size_ = -1;
    bool changed_ = true, stale_ = true;

    void read_file();
    void append(const std::string& line);
};

}  // namespace moonlet
