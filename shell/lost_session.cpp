// SPDX-License-Identifier: Apache-2.0
#include "shell/lost_session.h"

#include <cstdio>
#include <ctime>

#include "shell/command_words.h"
#include "shell/text.h"

namespace moonlet {
namespace {

std::string time_text(long long seconds) {
    std::time_t when = static_cast<std::time_t>(seconds);
    std::tm local{};
    localtime_r(&when, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
    return text;
}

std::string first_line(const std::string& entry) {
    std::size_t end = entry.find('\n');
    std::string line = entry.substr(0, end);
    std::string cut = fit_width(line, 50);
    return cut + (cut.size() < line.size() || end != std::string::npos ? " …" : "");
}

std::string entries(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

std::string lost_session_notice(History& history) {
    LostSession lost;
    if (!history.lost_session(&lost)) return {};
    std::string text = "the session of " + time_text(lost.seconds) + " was cut off";
    if (!lost.running.empty()) text += " while it ran: " + first_line(lost.running);
    text += "\n";
    if (lost.worked.empty()) {
        history.forget_lost();
        return text;
    }
    text += ":replay runs again what had worked in it (" + entries(lost.worked.size()) + ")";
    if (lost.older) text += ", and then of " + std::to_string(lost.older) + " more before it";
    return text + "\n";
}

std::string replay_lost_session(History& history, Session& session) {
    LostSession lost;
    if (!history.lost_session(&lost)) return "no session was cut off\n";
    std::size_t done = 0;
    for (const auto& entry : lost.worked) {
        if (!command_of_words(session, entry).empty()) continue;  // undo(), save "x.lua"
        std::string shown = "> ";
        for (char c : entry) shown += c == '\n' ? "\n.. " : std::string(1, c);
        std::printf("%s\n", shown.c_str());
        std::fflush(stdout);
        history.add(entry);
        bool worked = session.run(entry);
        bool stopped = session.entries().back().record.interrupted;
        history.finish(stopped ? Outcome::interrupted : worked ? Outcome::ok : Outcome::failed);
        if (!worked || stopped) {
            return "stopped after " + std::to_string(done) + " of " + entries(lost.worked.size()) +
                   "; :replay begins again\n";
        }
        ++done;
    }
    history.forget_lost();
    std::string text = "ran " + entries(done) + " again";
    if (lost.failed) text += "; left out: " + std::to_string(lost.failed) + " that failed";
    text += "\n";
    if (!lost.running.empty())
        text += "not run: the one it was cut off in: " + first_line(lost.running) + "\n";
    return text;
}

}  // namespace moonlet
