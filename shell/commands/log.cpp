// SPDX-License-Identifier: Apache-2.0
// :log file.md — the session as markdown: what there was so far, and each entry when it has run,
// until `:log off` or the end. Words behind the file leave out: `worked` what failed, `once` what
// was entered before. Commands and ?questions are never in it. `:log!` writes over a file.
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "shell/commands.h"
#include "shell/transcript.h"
#include "shell/whole_file.h"

namespace moonlet {
namespace {

struct Log {
    std::string path;  // "" = off
    TranscriptFilter filter;
    bool listening = false;
};

Log& log_of_session() {
    static Log log;
    return log;
}

std::string append(const std::string& path, const std::string& text) {
    int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0) return std::strerror(errno);
    auto n = ::write(file, text.data(), text.size());
    std::string problem = n == static_cast<ssize_t>(text.size()) ? "" : "the disk is full";
    ::close(file);
    return problem;
}

void listen(Session& session) {
    Log& log = log_of_session();
    if (log.listening) return;
    log.listening = true;
    session.after_entry([&session](const Entry&, std::size_t number) {
        Log& now = log_of_session();
        if (now.path.empty()) return;
        std::string text = transcript_entry(session.entries(), number, now.filter);
        std::string problem = text.empty() ? "" : append(now.path, text);
        if (problem.empty()) return;
        std::fprintf(stderr, "the log ends: cannot write %s: %s\n", now.path.c_str(),
                     problem.c_str());
        now.path.clear();
    });
}

std::string start(CommandContext& context, const std::string& argument, bool over) {
    Log& log = log_of_session();
    auto words = argument_words(argument);
    if (words.empty())
        return log.path.empty() ? "no log is written; :log file.md [worked] [once]\n"
                                : "logging to " + log.path + "; :log off ends it\n";
    if (words.size() == 1 && words[0] == "off") {
        std::string path = std::move(log.path);
        log.path.clear();
        return path.empty() ? "no log is written\n" : "the log in " + path + " ends here\n";
    }
    TranscriptFilter filter;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "worked") filter.worked = true;
        else if (words[i] == "once") filter.once = true;
        else return "given \"" + words[i] + "\"; wanted worked or once behind the file's name\n";
    }
    std::string path = expand_home(words[0]);
    std::error_code failed;
    if (std::filesystem::is_directory(path, failed))
        return path + " is a folder; give a file's name\n";
    if (!over && std::filesystem::exists(path, failed))
        return path + " is there already; :log! " + argument + " writes over it\n";
    std::time_t seconds = std::time(nullptr);
    std::tm local{};
    localtime_r(&seconds, &local);
    char when[32];
    std::strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
    std::string text = transcript_head(when);
    const auto& entries = context.session.entries();
    for (std::size_t i = 0; i < entries.size(); ++i)
        text += transcript_entry(entries, i + 1, filter);
    std::string problem = write_whole(path, text);
    if (!problem.empty()) return "cannot write " + path + ": " + problem + "\n";
    log.path = std::filesystem::absolute(path, failed).string();
    log.filter = filter;
    listen(context.session);
    return "logging to " + path + "; :log off ends it\n";
}

std::string run_log(CommandContext& context, const std::string& argument) {
    return start(context, argument, false);
}

std::string run_log_over(CommandContext& context, const std::string& argument) {
    return start(context, argument, true);
}

const CommandRegistrar row{
    {"log", "file [worked]", "the session as markdown, from its start and on", run_log}};
const CommandRegistrar over{{"log!", "file", "the same, over a file that is there", run_log_over}};

}  // namespace
}  // namespace moonlet
