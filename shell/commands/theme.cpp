// SPDX-License-Identifier: Apache-2.0
// :theme — colours for a light or a dark background; auto goes by what the terminal says.
#include "shell/theme.h"
#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_theme(CommandContext&, const std::string& argument) {
    if (argument == "light") {
        choose_background(Background::light);
    } else if (argument == "dark") {
        choose_background(Background::dark);
    } else if (argument == "auto") {
        choose_background(Background::unknown);
    } else if (!argument.empty()) {
        return "no theme '" + argument + "'; there are light, dark and auto\n";
    }
    std::string name = background() == Background::light  ? "light"
                       : background() == Background::dark ? "dark"
                                                          : "for any background";
    return "colours " + name + (is_background_chosen() ? "" : " (auto)") +
           "; MOONLET_THEME=light or dark sets them at the start\n";
}

const CommandRegistrar row{
    {"theme", "[light|dark|auto]", "colours for the terminal's background", run_theme}};

}  // namespace
}  // namespace moonlet
