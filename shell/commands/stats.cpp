// SPDX-License-Identifier: Apache-2.0
// :stats on|off — behind each entry that called a model: tokens per second and the peak of memory.
// The figures are the stdlib's (timing.stats).
#include <cstdio>

#include "shell/commands.h"
#include "shell/stdlib_call.h"

namespace moonlet {
namespace {

bool shows = false, listens = false;

std::string run_stats(CommandContext& context, const std::string& word) {
    if (word != "on" && word != "off" && !word.empty()) return ":stats on, or :stats off\n";
    lua_State* L = context.session.lua();
    if (word == "on" && !shows) call_stdlib(L, "timing", "stats");
    if (!word.empty()) shows = word == "on";
    if (shows && !listens) {
        listens = true;
        context.session.after_entry([L](const Entry&, std::size_t) {
            if (!shows) return;
            StdlibAnswer answer = call_stdlib(L, "timing", "stats");
            if (answer.text.empty()) return;
            std::printf("-- %s\n", answer.text.c_str());
            std::fflush(stdout);
        });
    }
    return shows ? "stats are on\n" : "stats are off\n";
}

const CommandRegistrar row{
    {"stats", "on|off", "speed and memory behind each entry that calls a model", run_stats}};

}  // namespace
}  // namespace moonlet
