// SPDX-License-Identifier: Apache-2.0
// :edit — an earlier entry in the user's editor; what is saved there runs as a new one.
#include <cstdlib>

#include "shell/commands.h"
#include "shell/external_editor.h"

namespace moonlet {
namespace {

std::string run_edit(CommandContext& context, const std::string& argument) {
    const auto& entries = context.session.entries();
    std::size_t number = entries.size();
    if (!argument.empty()) {
        if (argument.find_first_not_of("0123456789") != std::string::npos) {
            return ":edit takes the number of an entry, not '" + argument + "'\n";
        }
        number = std::strtoul(argument.c_str(), nullptr, 10);
        if (number < 1 || number > entries.size()) {
            return "there is no entry " + argument + "; the last is " +
                   std::to_string(entries.size()) + "\n";
        }
    }
    std::string text = number > 0 ? entries[number - 1].text : "";
    std::string problem = edit_in_editor(&text);
    if (!problem.empty()) return problem + "\n";
    context.run_next = text;
    return "";
}

const CommandRegistrar row{
    {"edit", "[n]", "entry n, or the last, in $EDITOR; then runs it", run_edit}};

}  // namespace
}  // namespace moonlet
