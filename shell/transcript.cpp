// SPDX-License-Identifier: Apache-2.0
#include "shell/transcript.h"

#include <algorithm>

#include "shell/saved_session.h"
#include "shell/secrets.h"

namespace moonlet {
namespace {

// The fence has more backticks than any line of the text begins with.
std::string fenced(const std::string& kind, const std::string& text) {
    std::size_t longest = 2;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find_first_not_of('`', at), text.size());
        longest = std::max(longest, end - at);
        at = end + (end == at);
    }
    std::string fence(longest + 1, '`');
    return fence + kind + "\n" + text + (text.empty() || text.back() != '\n' ? "\n" : "") + fence +
           "\n";
}

std::string plain(const std::string& printed) {
    std::string text;
    for (const auto& line : output_lines(printed)) text += line + "\n";
    while (text.size() > 1 && text[0] == '\n') text.erase(0, 1);
    return text;
}

}  // namespace

std::string transcript_head(const std::string& when) {
    return "# moonlet session · " + when + "\n";
}

std::string transcript_entry(const std::vector<Entry>& entries, std::size_t number,
                             const TranscriptFilter& filter) {
    const Entry& entry = entries[number - 1];
    if (entry.text.empty() || entry.undone || (filter.worked && !entry.succeeded)) return {};
    for (std::size_t i = 0; filter.once && i + 1 < number; ++i) {
        if (entries[i].text == entry.text) return {};
    }
    std::string text =
        "\n**[" + std::to_string(number) + "]**\n\n" + fenced("lua", without_keys(entry.text));
    std::string output = plain(entry.record.output), error = plain(entry.record.error);
    if (!output.empty()) text += "\n" + fenced("text", output);
    if (!error.empty()) {
        bool stopped = entry.record.interrupted;
        text += std::string("\n**") + (stopped ? "interrupted" : "error") + "**\n\n" +
                fenced("text", error);
    }
    return text;
}

}  // namespace moonlet
