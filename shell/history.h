// SPDX-License-Identifier: Apache-2.0
// Inputs of this and earlier sessions. A text file that any number of shells append to, one write()
// with O_APPEND a line, so that lines of others stand before or behind one, never within:
//     # moonlet history 2 …                              the header, once, when the file is made
//     > TAB seconds TAB session TAB n TAB folder TAB entry     before entry n runs
//     = TAB seconds TAB session TAB n TAB ok|failed|interrupted           when it has run
// seconds since 1970; in entries \ is \\ and a line break \n. Lines of the format before it
// (seconds TAB session TAB entry) are read too; what is damaged is passed over. A key typed as
// api_key="…" does not reach the file. A file that cannot be written costs nothing but the memory
// of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shell/session_marker.h"

namespace moonlet {

enum class Outcome : std::uint8_t {
    unknown,  // nothing is noted: of an older format, or its shell died while it ran
    ok,
    failed,
    interrupted
};

struct HistoryFacts {
    Outcome outcome = Outcome::unknown;
    bool noted = true;  // its outcome would be there had it ended
    long long seconds = 0;
    std::uint32_t folder = 0;  // index into History::folders()
};

struct LostSession {
    std::string id;
    long long seconds = 0;              // when its last entry was given
    std::vector<std::string> worked;    // Lua only, in order
    std::string running;                // the entry that it died in, "" at the prompt
    std::size_t failed = 0, older = 0;  // entries that failed; sessions lost before it
};

class History {
  public:
    // Empty path: nothing is read or written.
    explicit History(std::string path);

    // $XDG_STATE_HOME/moonlet/history, by default ~/.local/state/moonlet/history; empty without a
    // home.
    static std::string default_path();

    // Keeps an entry, unless it is empty or starts with a space. It is in the file on return.
    void add(const std::string& entry);
    // How the entry that was added last ended.
    void finish(Outcome outcome);

    // All entries, oldest first: those of other sessions, then this session's; the same text twice
    // in a row once. Reads the file (at most its last 4 MB) on the first call, and what has come
    // since after refresh().
    const std::vector<std::string>& entries();
    // One for each of entries().
    const std::vector<HistoryFacts>& facts();
    const std::vector<std::string>& folders() const { return folders_; }
    void refresh() { stale_ = true; }

    // How many of entries(), at the end, are this session's.
    std::size_t session_count() const { return own_; }

    // The newest session with entries whose shell died; false when there is none. It is held by
    // this shell from then on, and offered again only if this shell dies too.
    bool lost_session(LostSession* lost);
    void forget_lost();  // it was replayed
    // The shell leaves as it should. Without it the next start says that this one died.
    void leave() { marker_.remove(); }
    void abandon() { marker_.abandon(); }

    static std::string escape(std::string_view entry);
    static bool unescape(std::string_view line, std::string* entry);  // false: damaged

  private:
    struct Line;
    std::string path_, session_;
    SessionMarker marker_;
    std::vector<std::string> all_, folders_;
    std::vector<HistoryFacts> facts_;
    std::unordered_map<std::string, std::size_t> open_;  // "session n" → index, until its outcome
    std::size_t own_ = 0, number_ = 0;
    long long read_to_ = 0;
    bool stale_ = true, kept_ = false, torn_ = true;

    void append(const std::string& line, bool sync);
    void read_file();
    void read_line(std::string_view line);
    void insert(std::string text, HistoryFacts facts);
    std::uint32_t folder_index(const std::string& folder);
    static bool take_apart(std::string_view text, Line* line);
};

}  // namespace moonlet
