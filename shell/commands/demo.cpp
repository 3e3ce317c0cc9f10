// SPDX-License-Identifier: Apache-2.0
// :demo file — steps through a script as a lecture (shell/demo.h); the prompt's loop runs it.
#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_demo_command(CommandContext& context, const std::string& path) {
    if (path.empty())
        return ":demo file.lua — steps through it: Enter runs a step, blank lines divide steps\n";
    context.demo = path;
    return {};
}

const CommandRegistrar row{
    {"demo", "file", "steps through a script, a step at each Enter", run_demo_command}};

}  // namespace
}  // namespace moonlet
