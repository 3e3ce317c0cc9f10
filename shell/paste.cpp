// SPDX-License-Identifier: Apache-2.0
#include "shell/paste.h"

#include <algorithm>

namespace moonlet {
namespace {

// The line without the prompt, when it begins with it: "> x", or ">" alone.
bool take_prompt(std::string_view& line, std::string_view prompt) {
    if (line.substr(0, prompt.size()) == prompt) {
        line.remove_prefix(prompt.size());
        return true;
    }
    if (line != prompt.substr(0, prompt.size() - 1)) return false;
    line = {};
    return true;
}

}  // namespace

std::string pasted_text(std::string_view raw, bool at_end) {
    std::string clean;
    clean.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        char c = raw[i];
        if (c == '\r') {
            if (i + 1 == raw.size() || raw[i + 1] != '\n') clean += '\n';
        } else if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f)) {
            clean += c;
        }
    }
    while (at_end && !clean.empty() && clean.back() == '\n') clean.pop_back();
    return clean;
}

std::string without_prompts(const std::string& text,
                            const std::function<bool(const std::string&)>& is_complete) {
    std::size_t first = text.find_first_not_of(" \t\n");
    if (first == std::string::npos || text.compare(first, 2, "> ") != 0) return text;
    std::string out, entry;  // what is done, and the entry being put together
    enum class Below { unknown, result, code } below = Below::unknown;
    for (std::size_t at = 0; at <= text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = std::string_view(text).substr(at, end - at);
        at = end + 1;
        if (take_prompt(line, "> ")) {
            if (!entry.empty()) out += entry + "\n";
            entry = line;
            below = Below::unknown;
        } else if (below != Below::result && take_prompt(line, ".. ")) {
            entry += "\n" + std::string(line);
        } else {
            if (below == Below::unknown) {
                below = entry.empty() || is_complete(entry) ? Below::result : Below::code;
            }
            if (below == Below::code) entry += "\n" + std::string(line);
        }
    }
    return out + entry;
}

}  // namespace moonlet
