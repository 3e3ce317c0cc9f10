// SPDX-License-Identifier: Apache-2.0
// :history — the last entries of all sessions; a number gives so many, words those that match all
// of them as in Ctrl-R: with a typo too, unless some match without. Failed ones are marked.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "shell/commands.h"
#include "shell/history_match.h"

namespace moonlet {
namespace {

// Of all that match, only those without a typo where there are any.
constexpr int kNoTypo = 1000;

std::string run_history(CommandContext& context, const std::string& argument) {
    std::size_t limit = 20;
    bool number =
        !argument.empty() && argument.find_first_not_of("0123456789") == std::string::npos;
    if (number) limit = std::strtoul(argument.c_str(), nullptr, 10);
    context.history.refresh();
    const auto& entries = context.history.entries();
    const auto& facts = context.history.facts();
    HistoryPattern pattern(number ? "" : argument);
    struct Found {
        std::size_t index;
        int rank;
    };
    std::vector<Found> found;
    int best = kNoTypo;
    // The line that asks is the last entry itself.
    std::size_t end =
        entries.empty() || number || argument.empty() ? entries.size() : entries.size() - 1;
    for (std::size_t i = end; i-- > 0;) {
        int rank = pattern.rank(entries[i]);
        if (rank < 0) continue;
        found.push_back({i, rank});
        best = std::min(best, rank);
        if (argument.empty() || number) {
            if (found.size() == limit) break;
        }
    }
    if (best < kNoTypo)
        std::erase_if(found, [](const Found& each) { return each.rank >= kNoTypo; });
    if (found.size() > limit) found.resize(limit);
    std::string out;
    for (std::size_t k = found.size(); k-- > 0;) {
        std::string text = entries[found[k].index];
        for (std::size_t at = text.find('\n'); at != std::string::npos;
             at = text.find('\n', at + 3)) {
            text.replace(at, 1, "\n  ");
        }
        Outcome outcome = facts[found[k].index].outcome;
        bool bad = outcome == Outcome::failed || outcome == Outcome::interrupted;
        bool color = context.session.color() && bad;
        out += (color ? "\x1b[2m✗ " : bad ? "✗ " : "  ") + text + (color ? "\x1b[0m\n" : "\n");
    }
    return out.empty() ? "nothing in the history\n" : out;
}

const CommandRegistrar row{
    {"history", "[n|words]", "the last entries, or those that match the words", run_history}};

}  // namespace
}  // namespace moonlet
