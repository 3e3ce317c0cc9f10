// SPDX-License-Identifier: Apache-2.0
// :last — the last result whole in a pager, or as CSV or JSON on the screen or in a file.
#include <cstdlib>

#include "shell/commands.h"
#include "shell/last_result.h"

namespace moonlet {
namespace {

std::string run_last(CommandContext& context, const std::string& argument) {
    std::size_t blank = argument.find_first_of(" \t");
    std::string form = argument.substr(0, blank), file;
    if (blank != std::string::npos)
        file = argument.substr(argument.find_first_not_of(" \t", blank));
    if (!form.empty() && form != "csv" && form != "json")
        return ":last, :last csv [file] or :last json [file]; given '" + form + "'\n";
    const char* home = std::getenv("HOME");
    if (file.rfind("~/", 0) == 0 && home) file = home + file.substr(1);
    return show_last(context.session, form, file);
}

const CommandRegistrar row{
    {"last", "[csv|json [file]]", "the last result whole, in a pager, or as data", run_last}};

}  // namespace
}  // namespace moonlet
