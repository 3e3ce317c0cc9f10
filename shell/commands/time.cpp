// SPDX-License-Identifier: Apache-2.0
// :time code — runs it as an entry of its own and says how long it took. Parsing is not counted.
#include <cstdio>

#include "shell/commands.h"

namespace moonlet {
namespace {

std::string seconds(double value) {
    char text[32];
    if (value < 1e-3) {
        std::snprintf(text, sizeof text, "%.1f µs", value * 1e6);
    } else if (value < 1) {
        std::snprintf(text, sizeof text, "%.2f ms", value * 1e3);
    } else {
        std::snprintf(text, sizeof text, "%.3f s", value);
    }
    return text;
}

std::string run_time(CommandContext& context, const std::string& code) {
    if (code.empty()) return ":time code\n";
    RunTimes times;
    if (!context.session.run(code, false, &times) && times.wall_seconds == 0) return {};
    return "wall " + seconds(times.wall_seconds) + "   cpu " + seconds(times.cpu_seconds) + "\n";
}

const CommandRegistrar row{{"time", "code", "runs it and shows wall and CPU time", run_time}};

}  // namespace
}  // namespace moonlet
