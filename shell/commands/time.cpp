// SPDX-License-Identifier: Apache-2.0
// :time code — runs it as an entry of its own and says how long it took (parsing is not counted)
// and how far memory rose.
#include "shell/commands.h"
#include "shell/stdlib_call.h"

namespace moonlet {
namespace {

std::string run_time(CommandContext& context, const std::string& code) {
    if (code.empty()) return ":time code\n";
    lua_State* L = context.session.lua();
    StdlibAnswer before = call_stdlib(L, "timing", "start_peak");
    if (!before.ok) return before.text + "\n";
    RunTimes times;
    if (!context.session.run(code, false, &times) && times.wall_seconds == 0) return {};
    std::vector<StdlibValue> figures = {times.wall_seconds, times.cpu_seconds};
    StdlibAnswer peak;
    if (!before.text.empty()) peak = call_stdlib(L, "timing", "peak", {before.number});
    if (!peak.text.empty()) figures.emplace_back(peak.number);
    return call_stdlib(L, "timing", "line", figures).text + "\n";
}

const CommandRegistrar row{{"time", "code", "runs it and shows time and memory", run_time}};

}  // namespace
}  // namespace moonlet
