// SPDX-License-Identifier: Apache-2.0
// Lines that are no Lua: `:command arguments` and `?name`. What a command takes is read off the
// words that its help shows: [light|dark] is a choice, file a path, expr Lua.
#include <algorithm>

#include "shell/completion_sources.h"
#include "shell/lookup.h"

namespace moonlet {
namespace {

void offer_topics(CompletionPlace& place) {
    for (const HelpRow& row : place.names.rows.all())
        place.add(row.name, {row.name, "", "", row.name});
    std::size_t divider = place.prefix.find_last_of(".:");
    if (divider == std::string::npos) return offer_names(place);
    auto chain = split_chain(place.prefix.substr(0, divider));
    bool method = place.prefix[divider] == ':';
    place.prefix = place.prefix.substr(divider + 1);
    place.begin += divider + 1;
    place.clear();
    if (!chain.empty()) offer_members(place, chain, method);
}

bool has_word(const std::string& arguments, std::string_view word) {
    for (std::size_t at = arguments.find(word); at != std::string::npos;
         at = arguments.find(word, at + 1)) {
        bool starts = at == 0 || !is_name_char(arguments[at - 1]);
        std::size_t end = at + word.size();
        if (starts && (end == arguments.size() || !is_name_char(arguments[end]))) return true;
    }
    return false;
}

// The choices that stand with bars between them: "[light|dark|auto]".
void offer_choices(CompletionPlace& place, const std::string& arguments) {
    std::size_t begin = 0;
    while (begin < arguments.size()) {
        std::size_t end = std::min(arguments.find_first_of(" []", begin), arguments.size());
        std::string group = arguments.substr(begin, end - begin);
        begin = end + 1;
        if (group.find('|') == std::string::npos) continue;
        for (std::size_t at = 0; at <= group.size();) {
            std::size_t bar = std::min(group.find('|', at), group.size());
            std::string word = group.substr(at, bar - at);
            bool stands_for_more = word.size() == 1 || word == "words" || word == "word" ||
                                   word == "file" || word == "var" || word == "name";
            if (!stands_for_more) place.add(word);
            at = bar + 1;
        }
    }
}

}  // namespace

void offer_special(CompletionPlace& place) {
    const std::string& text = place.text;
    std::size_t start = text.find_first_of(":?");
    bool command = text[start] == ':';
    std::size_t blank = text.find_first_of(" \t", start);
    if (!command) {
        std::size_t begin = text.find_first_not_of("? \t", start);
        place.begin = begin == std::string::npos ? text.size() : begin;
        place.prefix = text.substr(place.begin);
        return offer_topics(place);
    }
    if (blank == std::string::npos) {
        place.begin = start + 1;
        place.prefix = text.substr(place.begin);
        for (const auto& each : place.commands) {
            std::string note = each.arguments + (each.arguments.empty() ? "" : "   ") + each.help;
            place.add(each.name, {each.name, "", note});
        }
        return;
    }
    std::string name = text.substr(start + 1, blank - start - 1), arguments;
    for (const auto& each : place.commands) {
        if (each.name == name) arguments = each.arguments;
    }
    std::size_t last = text.find_last_of(" \t");
    place.begin = last + 1;
    place.prefix = text.substr(place.begin);
    bool one = text.find_first_not_of(" \t", blank) >= place.begin;  // the first argument
    offer_choices(place, arguments);
    if (one && (has_word(arguments, "file") || has_word(arguments, "FILE"))) {
        std::string lua = name.compare(0, 4, "save") == 0 || name == "demo" ? "lua" : "";
        return offer_paths(place, '\n', lua);
    }
    if (has_word(arguments, "var")) return offer_names(place);
    if (name == "help" || has_word(arguments, "name")) offer_topics(place);
}

std::string lua_in_command(const std::string& text, const std::vector<CommandName>& commands) {
    std::size_t start = text.find_first_not_of(" \t\n");
    if (start == std::string::npos || text[start] != ':') return text;
    std::size_t blank = text.find_first_of(" \t", start);
    if (blank == std::string::npos) return text;
    std::string name = text.substr(start + 1, blank - start - 1);
    for (const auto& each : commands) {
        bool code = has_word(each.arguments, "expr") || has_word(each.arguments, "code");
        if (each.name == name && code) return std::string(blank, ' ') + text.substr(blank);
    }
    return text;
}

}  // namespace moonlet
