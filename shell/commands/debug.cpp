// SPDX-License-Identifier: Apache-2.0
// :debug — looks into the frames of the last error: lists them, and opens one, whose locals the
// entries then see until `:debug off` (or Ctrl-D). Entries in between have no number and are in no
// saved session.
#include <cstdlib>

#include "shell/commands.h"
#include "shell/post_mortem.h"
#include "shell/text.h"

namespace moonlet {
namespace {

std::string listing(lua_State* L, const std::vector<std::string>& frames, int width) {
    std::string out;
    std::size_t open = opened_frame(L);
    for (std::size_t i = 1; i <= frames.size(); ++i) {
        std::string line = (i == open ? "> " : "  ") + std::to_string(i) + "  " + frames[i - 1];
        if (text_width(line) > width) line = fit_width(line, width - 1) + "…";
        out += line + "\n";
    }
    return out;
}

std::string run_debug(CommandContext& context, const std::string& argument) {
    Session& session = context.session;
    lua_State* L = session.lua();
    if (argument == "off") {
        bool was = opened_frame(L) > 0;
        close_frame(L, session.locals());
        return was ? "" : "no frame is open\n";
    }
    auto frames = kept_frames(L);
    if (frames.empty()) return "no error to look into yet\n";
    std::size_t number = 1;
    if (!argument.empty()) {
        number = std::strtoul(argument.c_str(), nullptr, 10);
        if (number < 1 || number > frames.size())
            return "no frame " + argument + "; there are 1 to " + std::to_string(frames.size()) +
                   ", and :debug off leaves\n";
    }
    open_frame(L, session.locals(), number);
    return listing(L, frames, session.width()) + frame_values(L, number, session.width()) +
           "entries see these names; :debug n another frame, :debug off leaves\n";
}

const CommandRegistrar row{
    {"debug", "[n|off]", "into the last error: its frames and their locals", run_debug}};

}  // namespace
}  // namespace moonlet
