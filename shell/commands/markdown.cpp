// SPDX-License-Identifier: Apache-2.0
// :markdown on | off | raw: how answers are shown.
#include "shell/markdown_sink.h"

#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_markdown(CommandContext&, const std::string& argument) {
    if (argument == "on") {
        set_markdown(true);
    } else if (argument == "off" || argument == "raw") {
        set_markdown(false);
    } else if (!argument.empty()) {
        return ":markdown " + argument + ": wanted on, off or raw\n";
    }
    return markdown_is_on() ? "answers are drawn; :markdown off shows their source\n"
                            : "answers are shown as they are; :markdown on draws them\n";
}

const CommandRegistrar row{
    {"markdown", "on|off|raw", "draws the markdown of answers, or shows its source", run_markdown}};

}  // namespace
}  // namespace moonlet
