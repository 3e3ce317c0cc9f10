// SPDX-License-Identifier: Apache-2.0
// :history — the last entries of all sessions; a number gives so many, a word those that hold it.
#include <cstdlib>
#include <vector>

#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_history(CommandContext& context, const std::string& argument) {
    std::size_t limit = 20;
    bool number =
        !argument.empty() && argument.find_first_not_of("0123456789") == std::string::npos;
    if (number) limit = std::strtoul(argument.c_str(), nullptr, 10);
    context.history.refresh();
    const auto& entries = context.history.entries();
    std::vector<std::size_t> shown;
    for (std::size_t i = entries.size(); i-- > 0 && shown.size() < limit;) {
        bool wanted = number || entries[i].find(argument) != std::string::npos;
        if (wanted) shown.push_back(i);
    }
    std::string out;
    for (std::size_t k = shown.size(); k-- > 0;) {
        std::string text = entries[shown[k]];
        for (std::size_t at = text.find('\n'); at != std::string::npos;
             at = text.find('\n', at + 3)) {
            text.replace(at, 1, "\n  ");
        }
        out += "  " + text + "\n";
    }
    return out.empty() ? "nothing in the history\n" : out;
}

const CommandRegistrar row{
    {"history", "[n|word]", "the last entries, or those with a word", run_history}};

}  // namespace
}  // namespace moonlet
