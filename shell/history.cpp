// SPDX-License-Identifier: Apache-2.0
#include "shell/history.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/secrets.h"

namespace moonlet {
namespace {

constexpr long long kMaxRead = 4 << 20;
constexpr const char* kHeader =
    "# moonlet history 2: \"> seconds session n folder entry\" before an entry runs, "
    "\"= seconds session n outcome\" behind it; fields divided by tabs, \\n is a line break\n";

long long number(std::string_view text) {
    long long value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool is_lua(const std::string& entry) {
    std::size_t first = entry.find_first_not_of(" \t\n");
    return first != std::string::npos && entry[first] != ':' && entry[first] != '?';
}

std::string current_folder() {
    char buffer[4096];
    if (!::getcwd(buffer, sizeof buffer)) return {};
    std::string folder = buffer;
    return folder.find_first_of("\t\n\\") == std::string::npos ? folder : "";
}

std::string markers_of(const std::string& path) {
    if (path.empty()) return {};
    return (std::filesystem::path(path).parent_path() / "sessions").string();
}

// Reads [from, to) of the file; less when there is less.
std::string read_part(const std::string& path, long long from, long long to) {
    std::string text;
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return text;
    text.resize(static_cast<std::size_t>(to - from));
    std::size_t done = 0;
    while (done < text.size()) {
        auto n = ::pread(file, text.data() + done, text.size() - done,
                         from + static_cast<long long>(done));
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    text.resize(done);
    ::close(file);
    return text;
}

}  // namespace

struct History::Line {
    bool outcome = false;  // of an entry; else the entry
    bool noted = false;    // not of the older format
    long long seconds = 0;
    std::string_view session, n, folder, text;
};

History::History(std::string path) : path_(std::move(path)), marker_(markers_of(path_)) {
    static int count = 0;
    session_ = std::to_string(std::time(nullptr)) + "." + std::to_string(getpid()) + "." +
               std::to_string(++count);
    folders_.push_back("");
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
    kept_ = entry.find_first_not_of(" \t\n") != std::string::npos && entry[0] != ' ';
    if (!kept_) return;
    std::string folder = current_folder();
    std::string seconds = std::to_string(std::time(nullptr));
    ++number_;
    if (own_ > 0 && all_.back() == entry) {
        facts_.back().outcome = Outcome::unknown;
    } else {
        all_.push_back(entry);
        facts_.push_back({Outcome::unknown, true, number(seconds), folder_index(folder)});
        ++own_;
    }
    if (path_.empty()) return;
    append("> \t" + seconds + "\t" + session_ + "\t" + std::to_string(number_) + "\t" + folder +
               "\t" + escape(without_keys(entry)) + "\n",
           true);
    if (is_lua(entry)) marker_.place(session_);
}

void History::finish(Outcome outcome) {
    if (!kept_) return;
    kept_ = false;
    if (own_ > 0) facts_.back().outcome = outcome;
    if (path_.empty()) return;
    const char* word = outcome == Outcome::ok       ? "ok"
                       : outcome == Outcome::failed ? "failed"
                                                    : "interrupted";
    append("= \t" + std::to_string(std::time(nullptr)) + "\t" + session_ + "\t" +
               std::to_string(number_) + "\t" + word + "\n",
           false);
}

// Also makes the file, with its header: linked into place whole, so that of two shells that start
// at once neither writes before it.
void History::append(const std::string& line, bool sync) {
    int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK;
    int file = ::open(path_.c_str(), flags);
    if (file < 0 && errno == ENOENT) {
        std::error_code failed;
        auto folder = std::filesystem::path(path_).parent_path();
        if (std::filesystem::create_directories(folder, failed)) ::chmod(folder.c_str(), 0700);
        std::string made = path_ + "." + session_;
        int header = ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (header < 0) return;
        std::string_view text = kHeader;
        [[maybe_unused]] auto n = ::write(header, text.data(), text.size());
        ::close(header);
        if (::link(made.c_str(), path_.c_str()) != 0 && errno != EEXIST)
            ::rename(made.c_str(), path_.c_str());  // a file system without links
        ::unlink(made.c_str());
        file = ::open(path_.c_str(), flags);
    }
    if (file < 0) return;
    struct stat status {};
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(file);
        return;
    }
    // A line that a full disk or a crash has cut must not swallow this one.
    char last = '\n';
    if (torn_ && status.st_size > 0 && ::pread(file, &last, 1, status.st_size - 1) != 1)
        last = '\n';
    std::string text = last == '\n' ? line : "\n" + line;
    auto n = ::write(file, text.data(), text.size());
    torn_ = n != static_cast<ssize_t>(text.size());
    // The kernel has it, whatever becomes of us; writing it out begins at once but is not waited
    // for: on a busy disk that is a tenth of a second at every Enter.
#ifdef SYNC_FILE_RANGE_WRITE
    if (sync) ::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
    (void)sync;
#endif
    ::close(file);
}

std::uint32_t History::folder_index(const std::string& folder) {
    for (std::size_t i = folders_.size(); i-- > 0;) {
        if (folders_[i] == folder) return static_cast<std::uint32_t>(i);
    }
    folders_.push_back(folder);
    return static_cast<std::uint32_t>(folders_.size() - 1);
}

bool History::take_apart(std::string_view text, Line* line) {
    auto field = [&](std::string_view* part) {
        std::size_t tab = text.find('\t');
        if (tab == std::string_view::npos) return false;
        *part = text.substr(0, tab);
        text.remove_prefix(tab + 1);
        return true;
    };
    *line = Line{};
    std::string_view first, seconds;
    if (!field(&first)) return false;
    line->noted = first == "> " || first == "= ";
    line->outcome = first == "= ";
    if (line->noted ? !field(&seconds) : first.empty() || first[0] < '0' || first[0] > '9')
        return false;
    line->seconds = number(line->noted ? seconds : first);
    if (!field(&line->session)) return false;
    if (line->noted && !field(&line->n)) return false;
    if (line->noted && !line->outcome && !field(&line->folder)) return false;
    line->text = text;
    return true;
}

// Another session's entry: in front of our own.
void History::insert(std::string text, HistoryFacts facts) {
    std::size_t at = all_.size() - own_;
    if (at > 0 && all_[at - 1] == text) {
        facts_[at - 1] = facts;
        return;
    }
    all_.insert(all_.begin() + static_cast<std::ptrdiff_t>(at), std::move(text));
    facts_.insert(facts_.begin() + static_cast<std::ptrdiff_t>(at), facts);
}

void History::read_line(std::string_view text) {
    Line line;
    if (!take_apart(text, &line) || line.session == session_) return;
    std::string key = std::string(line.session) + " " + std::string(line.n);
    if (line.outcome) {
        auto found = open_.find(key);
        if (found == open_.end()) return;
        if (found->second < all_.size() - own_) {
            facts_[found->second].outcome = line.text == "ok"       ? Outcome::ok
                                            : line.text == "failed" ? Outcome::failed
                                                                    : Outcome::interrupted;
        }
        open_.erase(found);
        return;
    }
    std::string entry;
    if (!unescape(line.text, &entry) || entry.empty()) return;
    insert(std::move(entry),
           {Outcome::unknown, line.noted, line.seconds, folder_index(std::string(line.folder))});
    if (line.noted) open_[key] = all_.size() - own_ - 1;
}

void History::read_file() {
    if (!stale_) return;
    stale_ = false;
    struct stat status {};
    if (path_.empty() || stat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (status.st_size == read_to_) return;
    if (status.st_size < read_to_) {  // another file by now
        all_.erase(all_.begin(), all_.end() - static_cast<std::ptrdiff_t>(own_));
        facts_.erase(facts_.begin(), facts_.end() - static_cast<std::ptrdiff_t>(own_));
        open_.clear();
        read_to_ = 0;
    }
    bool first = read_to_ == 0;
    bool cut = status.st_size - read_to_ > kMaxRead;
    if (cut) read_to_ = status.st_size - kMaxRead;
    // The first time our own entries wait apart: inserting before them is for the few that others
    // write while we run.
    std::vector<std::string> own;
    std::vector<HistoryFacts> own_facts;
    std::size_t own_count = own_;
    if (first && own_ > 0) {
        own.assign(all_.end() - static_cast<std::ptrdiff_t>(own_), all_.end());
        own_facts.assign(facts_.end() - static_cast<std::ptrdiff_t>(own_), facts_.end());
        all_.clear();
        facts_.clear();
        own_ = 0;
    }
    std::string text = read_part(path_, read_to_, status.st_size);
    read_to_ += static_cast<long long>(text.size());
    std::string_view rest = text;
    if (cut) rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    while (!rest.empty()) {
        std::size_t end = std::min(rest.find('\n'), rest.size());
        read_line(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    all_.insert(all_.end(), own.begin(), own.end());
    facts_.insert(facts_.end(), own_facts.begin(), own_facts.end());
    own_ = own_count;
}

const std::vector<std::string>& History::entries() {
    read_file();
    return all_;
}

const std::vector<HistoryFacts>& History::facts() {
    read_file();
    return facts_;
}

bool History::lost_session(LostSession* lost) {
    *lost = LostSession{};
    const auto& dead = marker_.find_dead();
    struct stat status {};
    if (dead.empty() || stat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    std::map<std::string, LostSession> found;
    for (const auto& id : dead) found[id].id = id;
    std::map<std::string, std::map<long long, std::string>> running;
    std::string text =
        read_part(path_, std::max<long long>(0, status.st_size - kMaxRead), status.st_size);
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        Line line;
        bool whole = take_apart(std::string_view(text).substr(at, end - at), &line);
        at = end + 1;
        auto session = whole ? found.find(std::string(line.session)) : found.end();
        if (session == found.end()) continue;
        auto& open = running[session->first];
        session->second.seconds = line.seconds;
        if (!line.outcome) {
            std::string entry;
            if (unescape(line.text, &entry) && is_lua(entry)) open[number(line.n)] = entry;
            continue;
        }
        auto entry = open.find(number(line.n));
        if (entry == open.end()) continue;
        if (line.text == "ok") session->second.worked.push_back(entry->second);
        else ++session->second.failed;
        open.erase(entry);
    }
    std::size_t with_entries = 0;
    for (auto& [id, each] : found) {
        if (!running[id].empty()) each.running = running[id].rbegin()->second;
        if (each.worked.empty() && each.running.empty()) {
            marker_.drop(id);
            continue;
        }
        ++with_entries;
        if (with_entries == 1 || each.seconds >= lost->seconds) *lost = each;
    }
    if (with_entries == 0) return false;
    lost->older = with_entries - 1;
    return true;
}

void History::forget_lost() {
    LostSession lost;
    if (lost_session(&lost)) marker_.drop(lost.id);
}

}  // namespace moonlet
