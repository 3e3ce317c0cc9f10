// SPDX-License-Identifier: Apache-2.0
// :clear and :quit.
#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_clear(CommandContext& context, const std::string&) {
    context.clear_screen = true;
    return {};
}

std::string run_quit(CommandContext& context, const std::string&) {
    context.leave = true;
    return {};
}

const CommandRegistrar clear_row{{"clear", "", "an empty screen (Ctrl-L)", run_clear}};
const CommandRegistrar quit_row{{"quit", "", "leaves (Ctrl-D)", run_quit}};

}  // namespace
}  // namespace moonlet
