// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <lua.hpp>

#include "shell/completion_sources.h"
#include "shell/lookup.h"

namespace moonlet {
namespace {

// Variables whose value is of one of the classes in `type` ("Model|string").
void offer_variables(CompletionPlace& place, const std::string& type) {
    lua_State* L = place.names.L;
    auto fits = [&](int index) {
        std::string name = class_name(L, index);
        for (std::size_t at = name.empty() ? std::string::npos : type.find(name);
             at != std::string::npos; at = type.find(name, at + 1)) {
            bool starts = at == 0 || !is_name_char(type[at - 1]);
            bool ends = at + name.size() == type.size() || !is_name_char(type[at + name.size()]);
            if (starts && ends) return true;
        }
        // A remote or scripted model is as good as one.
        return name.size() > 5 && type.find("Model") != std::string::npos &&
               name.compare(name.size() - 5, 5, "Model") == 0;
    };
    for (const auto& name : place.names.locals.names()) {
        if (!place.names.locals.push(name)) continue;
        if (name != "_" && name != "_err" && fits(lua_gettop(L))) place.add(name);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (lua_type(L, -2) == LUA_TSTRING && fits(lua_gettop(L))) {
            std::string name = lua_tostring(L, -2);
            if (is_name(name)) place.add(name);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

// Tools for `tools={ |`: variables, and those that come with moonlet.
void offer_tools(CompletionPlace& place) {
    offer_variables(place, "Tool");
    for (const HelpRow* row : place.names.rows.members("tools")) {
        if (row->result.compare(0, 4, "Tool") == 0 && row->name != "tools.new")
            place.add(row->name, {row->name, "", "", row->name});
    }
}

}  // namespace

void offer_options(CompletionPlace& place) {
    const CallSite* call = place.call();
    if (!call || !call->in_table) return;
    if (call->nested) {
        if (call->key == "tools") offer_tools(place);
        return;
    }
    const HelpRow* row = place.callee().row;
    if (!row) return;
    for (const RowField& option : row->options) {
        if (call->given.count(option.name)) continue;
        std::string note = option.type;
        if (!option.default_value.empty()) note += " = " + option.default_value;
        if (!option.doc.empty()) note += "   " + option.doc;
        place.add(option.name, {option.name + "=", option.name, note});
    }
}

void offer_values(CompletionPlace& place) {
    const RowField* option = place.option();
    if (!option) return;
    for (const auto& choice : choices_of(*option)) {
        std::string quoted = '"' + choice + '"';
        place.add(place.prefix.empty() ? quoted : choice, {quoted, ""});
    }
    if (option->type.find("boolean") != std::string::npos) {
        place.add("true");
        place.add("false");
    }
    offer_variables(place, option->type);
    // A single letter more may still be any name.
    if (!place.prefix.empty()) offer_names(place);
}

std::vector<std::string> choices_of(const RowField& field) {
    std::vector<std::string> found;
    auto add = [&](const std::string& word) {
        if (std::find(found.begin(), found.end(), word) == found.end()) found.push_back(word);
    };
    for (std::size_t at = field.type.find('"'); at != std::string::npos;) {
        std::size_t end = field.type.find('"', at + 1);
        if (end == std::string::npos) break;
        add(field.type.substr(at + 1, end - at - 1));
        at = field.type.find('"', end + 1);
    }
    if (!found.empty() || field.type.find("string") == std::string::npos) return found;
    // A doc that begins `a, b or c`, each one word, perhaps in quotes.
    std::string list = field.doc.substr(0, field.doc.find_first_of(";:("));
    std::size_t either = list.find(" or ");
    if (either == std::string::npos) return found;
    list.replace(either, 4, ", ");
    for (std::size_t at = 0; at < list.size();) {
        std::size_t end = std::min(list.find(", ", at), list.size());
        std::string word = list.substr(at, end - at);
        at = end + 2;
        bool quoted = word.size() > 2 && word.front() == '"';
        if (quoted) word = word.substr(1, word.find('"', 1) - 1);
        bool one = !word.empty() && word.find_first_of(" \"{") == std::string::npos;
        if (!one) return {};
        add(word);
    }
    return found.size() > 1 ? found : std::vector<std::string>{};
}

}  // namespace moonlet
