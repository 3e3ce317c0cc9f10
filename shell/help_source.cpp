// SPDX-License-Identifier: Apache-2.0
#include "shell/help_source.h"

#include <vector>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/error_frames.h"
#include "shell/error_sites.h"

namespace moonlet {
namespace {

constexpr std::size_t kMostLines = 400;

std::string numbered(const std::string& text, std::size_t first, std::size_t last) {
    std::string out;
    std::size_t digits = std::to_string(last).size();
    for (std::size_t line = first; line <= last; ++line) {
        if (line - first >= kMostLines) return out + "  …\n";
        std::string number = std::to_string(line);
        out += "  " + std::string(digits - number.size(), ' ') + number + " | " +
               std::string(line_text(text, line)) + "\n";
    }
    return out;
}

bool is_comment(std::string_view line) {
    std::size_t at = line.find_first_not_of(" \t");
    return at != std::string_view::npos && line.substr(at, 2) == "--" &&
           line.substr(at, 4) != "--[[";
}

// Where `function x.name(` or `function X:name(` begins, 1-based; 0 = nowhere.
std::size_t definition_line(const std::string& text, const std::string& name) {
    std::size_t line = 1;
    for (std::size_t at = 0; at < text.size(); ++line) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view row = std::string_view(text).substr(at, end - at);
        at = end + 1;
        std::size_t function = row.find("function ");
        std::size_t open = row.find('(', function);
        if (function == std::string_view::npos || open == std::string_view::npos) continue;
        std::string_view head = row.substr(function + 9, open - function - 9);
        if (head == name ||
            (head.size() > name.size() && head.substr(head.size() - name.size()) == name &&
             (head[head.size() - name.size() - 1] == '.' ||
              head[head.size() - name.size() - 1] == ':')))
            return line;
    }
    return 0;
}

}  // namespace

std::string comment_above(const std::string& text, std::size_t line) {
    std::vector<std::string> lines;
    for (std::size_t i = line; i > 1 && is_comment(line_text(text, i - 1)); --i) {
        std::string_view row = line_text(text, i - 1);
        std::size_t at = row.find_first_not_of("- \t");
        lines.insert(lines.begin(),
                     at == std::string_view::npos ? "" : std::string(row.substr(at)));
    }
    std::string out;
    for (const auto& row : lines) out += row + "\n";
    return out;
}

std::string function_source(lua_State* L, const std::string& topic) {
    lua_Debug record;
    lua_getinfo(L, ">S", &record);
    if (record.what[0] == 'C' || record.linedefined < 0) return {};
    std::string text = chunk_text(L, record.source);
    auto first = static_cast<std::size_t>(record.linedefined),
         last = static_cast<std::size_t>(record.lastlinedefined);
    if (text.empty() || first == 0 || line_begin(text, last) == std::string::npos) return {};
    std::string where = record.short_src;
    bool entry = where.size() > 2 && where[0] == '(' && where[1] >= '0' && where[1] <= '9';
    std::string out = topic + "   " + (entry ? "entry " : "") + where + ":" + std::to_string(first);
    while (first > 1 && is_comment(line_text(text, first - 1))) --first;
    return out + "\n" + numbered(text, first, last);
}

std::string row_source(const HelpRow& row) {
    if (row.library.rfind("stdlib:", 0) != 0) return {};
    std::string file = "moonlet/" + row.library.substr(7) + ".lua";
    std::string text = source_text(file);
    std::size_t first = definition_line(text, row.name.substr(row.name.find_last_of(".:") + 1));
    if (first == 0) return {};
    std::size_t last = first;
    // It ends with the first line that is `end` at its own indentation, or on its own line.
    std::string_view head = line_text(text, first);
    std::string_view margin = head.substr(0, head.find_first_not_of(' '));
    bool one_line = head.size() > 4 && head.substr(head.size() - 4) == " end";
    while (!one_line && line_begin(text, last + 1) != std::string::npos) {
        std::string_view row_text = line_text(text, ++last);
        if (row_text.substr(0, margin.size() + 3) == std::string(margin) + "end" &&
            row_text.size() <= margin.size() + 4)
            break;
    }
    std::string out = row.name + "   " + file + ":" + std::to_string(first) + "\n";
    while (first > 1 && is_comment(line_text(text, first - 1))) --first;
    return out + numbered(text, first, last);
}

}  // namespace moonlet
