// SPDX-License-Identifier: Apache-2.0
#include "shell/completer.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <lua.hpp>

#include "shell/lookup.h"
#include "shell/printer.h"

namespace moonlet {

// What stands before the cursor, and the answer being made.
struct Completer::Place {
    Completer* completer;
    std::string text;  // up to the cursor
    std::vector<Token> tokens;
    std::string prefix;  // the part of a name already typed
    Completion found;

    std::string_view word(std::size_t from_end) const {
        if (from_end >= tokens.size()) return {};
        return token_text(text, tokens[tokens.size() - 1 - from_end]);
    }
    void add(const std::string& name, std::string shown = "", std::string note = "") {
        if (name.compare(0, prefix.size(), prefix) != 0) return;
        found.candidates.push_back({name, std::move(shown), std::move(note)});
    }
    // The chain of names that ends with token `last`; empty when something else stands there.
    std::vector<std::string> chain_to(std::size_t last) const {
        std::vector<std::string> chain;
        for (std::size_t i = last;; i -= 2) {
            if (tokens[i].kind != TokenKind::name) return {};
            chain.insert(chain.begin(), std::string(token_text(text, tokens[i])));
            if (i < 1) return chain;
            std::string_view before = token_text(text, tokens[i - 1]);
            if (before != "." && before != ":") return chain;
            if (i < 2) return {};
        }
    }
};

Completer::Completer(lua_State* L, const SessionLocals& locals, Rows& rows,
                     std::vector<std::string> commands)
    : L_(L), locals_(locals), rows_(rows), commands_(std::move(commands)) {}

int Completer::protected_run(lua_State* L) {
    auto* place = static_cast<Place*>(lua_touserdata(L, 1));
    place->completer->run(*place);
    return 0;
}

Completion Completer::complete(const std::string& text, std::size_t cursor) {
    Place place{this, text.substr(0, cursor), {}, {}, {cursor, cursor}};
    int base = lua_gettop(L_);
    if (lua_cpcall(L_, protected_run, &place) != 0) place.found.candidates.clear();
    lua_settop(L_, base);
    auto& list = place.found.candidates;
    std::stable_sort(list.begin(), list.end(),
                     [](const Candidate& a, const Candidate& b) { return a.text < b.text; });
    auto same = [](const Candidate& a, const Candidate& b) { return a.text == b.text; };
    list.erase(std::unique(list.begin(), list.end(), same), list.end());
    return place.found;
}

void Completer::run(Place& place) {
    std::size_t first = place.text.find_first_not_of(" \t\n");
    if (first == std::string::npos) return;
    if (place.text[first] == ':' || place.text[first] == '?') return special(place);
    place.tokens = lex(place.text);
    if (place.tokens.empty()) return;
    Token last = place.tokens.back();
    if (last.kind == TokenKind::comment && (!last.closed || last.end == place.text.size())) return;
    if (last.kind == TokenKind::string && !last.closed) return string(place);
    if ((last.kind == TokenKind::name || last.kind == TokenKind::keyword) &&
        last.end == place.text.size()) {
        place.prefix = token_text(place.text, last);
        place.found.begin = last.begin;
        place.tokens.pop_back();
    }
    std::string_view before = place.word(0);
    bool member = before == "." || before == ":";
    if (member && place.tokens.size() >= 2) {
        auto chain = place.chain_to(place.tokens.size() - 2);
        if (!chain.empty()) members(place, chain, before == ":");
        return;
    }
    if (member || (last.kind == TokenKind::number && last.end == place.text.size())) return;
    // Options of a call come alone: they are what one wants there, and they carry notes.
    options(place);
    if (place.found.candidates.empty()) names(place);
}

void Completer::special(Place& place) {
    std::size_t start = place.text.find_first_of(":?");
    bool command = place.text[start] == ':';
    std::size_t blank = place.text.find_last_of(" \t");
    bool argument = blank != std::string::npos && blank > start;
    std::size_t begin = argument ? blank + 1 : start + 1;
    if (!argument && !command && start + 1 < place.text.size() && place.text[start + 1] == '?')
        ++begin;
    place.found.begin = begin;
    place.prefix = place.text.substr(begin);
    if (command && !argument) {
        for (const auto& name : commands_) place.add(name);
        return;
    }
    for (const HelpRow& row : rows_.all()) place.add(row.name);
    place.tokens = lex(place.prefix);
    std::size_t divider = place.prefix.find_last_of(".:");
    if (divider == std::string::npos) return names(place);
    auto chain = split_chain(place.prefix.substr(0, divider));
    bool method = place.prefix[divider] == ':';
    place.prefix = place.prefix.substr(divider + 1);
    place.found.candidates.clear();
    place.found.begin += divider + 1;
    if (!chain.empty()) members(place, chain, method);
}

// In a string: keys of the table in `t["`, else paths.
void Completer::string(Place& place) {
    const Token& token = place.tokens.back();
    char quote = place.text[token.begin];
    if (quote == '[') return;
    place.prefix = place.text.substr(token.begin + 1);
    place.found.begin = token.begin + 1;
    if (place.word(1) == "[" && place.tokens.size() >= 3) {
        auto chain = place.chain_to(place.tokens.size() - 3);
        if (chain.empty() || !push_chain(L_, locals_, chain)) return;
        for (const Member& member : members_of(L_, lua_gettop(L_))) {
            if (member.name.find_first_of(std::string("\\\n") + quote) != std::string::npos)
                continue;
            std::string closed = member.name + quote + "]";
            if (member.name.compare(0, place.prefix.size(), place.prefix) == 0) {
                place.found.candidates.push_back({closed, member.name});
            }
        }
        return;
    }
    namespace fs = std::filesystem;
    std::size_t slash = place.prefix.rfind('/');
    std::string folder = slash == std::string::npos ? "" : place.prefix.substr(0, slash + 1);
    std::string start = place.prefix.substr(folder.size());
    std::string real = folder.empty() ? "." : folder;
    const char* home = std::getenv("HOME");
    if (real[0] == '~' && home) real = home + real.substr(1);
    std::error_code failed;
    std::size_t looked = 0;
    for (auto it = fs::directory_iterator(real, failed); it != fs::directory_iterator();
         it.increment(failed)) {
        if (failed || ++looked > 5000) break;
        std::string name = it->path().filename().string();
        if (name.compare(0, start.size(), start) != 0 || (start.empty() && name[0] == '.'))
            continue;
        if (name.find(quote) != std::string::npos) continue;
        std::error_code ignored;
        if (it->is_directory(ignored)) name += "/";
        place.found.candidates.push_back({folder + name, name});
    }
}

void Completer::members(Place& place, const std::vector<std::string>& chain, bool method) {
    std::string path;
    for (const auto& name : chain) path += (path.empty() ? "" : ".") + name;
    auto add_rows = [&](const std::string& owner) {
        for (const HelpRow* row : rows_.members(owner)) {
            bool is_method = row->name[owner.size()] == ':';
            if (is_method || !method) place.add(row->name.substr(owner.size() + 1));
        }
    };
    add_rows(path);
    if (!push_chain(L_, locals_, chain)) return;
    int value = lua_gettop(L_);
    if (lua_type(L_, value) == LUA_TSTRING) {
        lua_getglobal(L_, "string");
        if (method && lua_istable(L_, -1)) value = lua_gettop(L_);
    }
    for (const Member& member : members_of(L_, value)) {
        if (is_name(member.name) && (member.function || !method)) place.add(member.name);
    }
    std::string name = class_name(L_, value);
    if (!name.empty()) add_rows(name);
}

// Inside a table constructor that is an argument of a known function: its option names.
void Completer::options(Place& place) {
    std::string_view before = place.word(0);
    if (before != "{" && before != "," && before != ";") return;
    // Back to the brace that is still open, then to the name before it or before its parenthesis.
    int depth = 0;
    std::size_t i = place.tokens.size();
    std::set<std::string> given;
    while (i-- > 0) {
        std::string_view word = token_text(place.text, place.tokens[i]);
        if (place.tokens[i].kind == TokenKind::string) continue;
        if (word == "}" || word == ")" || word == "]" || word == "end") ++depth;
        if (word == "=" && depth == 0 && i > 0) {
            given.emplace(token_text(place.text, place.tokens[i - 1]));
        }
        if (word == "{" || word == "(" || word == "[" || word == "function") {
            if (depth == 0) break;
            --depth;
        }
    }
    if (i == std::string::npos || token_text(place.text, place.tokens[i]) != "{" || i == 0) return;
    std::size_t callee = i - 1;
    if (place.tokens[callee].kind != TokenKind::name) {
        depth = 0;
        for (callee = i; callee-- > 0;) {
            std::string_view word = token_text(place.text, place.tokens[callee]);
            if (place.tokens[callee].kind == TokenKind::string) continue;
            if (word == ")" || word == "}" || word == "]") ++depth;
            if (word == "(" || word == "{" || word == "[") {
                if (depth == 0) break;
                --depth;
            }
        }
        if (callee == std::string::npos || callee == 0) return;
        if (token_text(place.text, place.tokens[callee]) != "(") return;
        --callee;
    }
    if (place.tokens[callee].kind != TokenKind::name) return;
    auto chain = place.chain_to(callee);
    if (chain.empty()) return;
    std::string name;
    for (const auto& part : chain) name += (name.empty() ? "" : ".") + part;
    const HelpRow* row = rows_.find(name);
    if (!row && chain.size() > 1) {
        std::string method = chain.back();
        chain.pop_back();
        if (push_chain(L_, locals_, chain)) {
            row = rows_.find(class_name(L_, lua_gettop(L_)) + ":" + method);
        }
    }
    if (!row) return;
    for (const RowField& option : row->options) {
        if (given.count(option.name)) continue;
        std::string note = option.type;
        if (!option.default_value.empty()) note += " = " + option.default_value;
        if (!option.doc.empty()) note += "   " + option.doc;
        place.add(option.name + "=", option.name, note);
    }
}

void Completer::names(Place& place) {
    if (place.prefix.empty()) return;
    lua_pushvalue(L_, LUA_GLOBALSINDEX);
    for (const Member& member : members_of(L_, lua_gettop(L_))) {
        if (is_name(member.name)) place.add(member.name);
    }
    for (const auto& name : locals_.names()) place.add(name);
    for (const char* keyword :
         {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
          "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
          "repeat",   "return", "then", "true", "until",  "while"}) {
        place.add(keyword);
    }
}

}  // namespace moonlet
