// SPDX-License-Identifier: Apache-2.0
// :undo — the names that the last entry changed stand for what they did before; nothing is run, and
// :save leaves the entry out.
#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_undo(CommandContext& context, const std::string& argument) {
    if (!argument.empty()) return "given \"" + argument + "\"; :undo takes the last entry back\n";
    return context.session.undo();
}

const CommandRegistrar row{
    {"undo", "", "gives names back what they were before the last entry", run_undo}};

}  // namespace
}  // namespace moonlet
