// SPDX-License-Identifier: Apache-2.0
// :help — the commands; with words, what mentions them. `?name` is the other way to help.
#include "shell/help.h"

#include <algorithm>

#include "shell/commands.h"
#include "shell/help_search.h"

namespace moonlet {
namespace {

std::string run_help(CommandContext& context, const std::string& words) {
    if (!words.empty()) {
        bool known = context.rows.find(words) || !context.rows.members(words).empty();
        int width = context.session.width();
        if (!known) return wrapped(search_help(context.rows, words), width);
        return wrapped(
            help_text(context.session.lua(), context.session.locals(), context.rows, words), width);
    }
    std::string out;
    std::size_t widest = 0;
    for (const Command& command : commands()) {
        widest = std::max(widest, command.name.size() + command.arguments.size());
    }
    for (const Command& command : commands()) {
        std::string left = ":" + command.name + " " + command.arguments;
        out += "  " + left + std::string(widest + 4 - left.size(), ' ') + command.help + "\n";
    }
    return out + "  ?name" + std::string(widest - 1, ' ') + "help on a function, module or value\n";
}

const CommandRegistrar row{
    {"help", "[words]", "the commands, or what mentions the words", run_help}};

}  // namespace
}  // namespace moonlet
