// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <lua.hpp>

#include "shell/completion_sources.h"
#include "shell/lookup.h"
#include "shell/name_scan.h"

namespace moonlet {
namespace {

// Methods that our own operators and tools use: no one types them.
bool is_plain_member(const std::string& name) { return name.compare(0, 2, "__") != 0; }

void offer_rows(CompletionPlace& place, const std::string& owner, bool method) {
    for (const HelpRow* row : place.names.rows.members(owner)) {
        bool is_method = row->name[owner.size()] == ':';
        std::string name = row->name.substr(owner.size() + 1);
        if (!is_plain_member(name) || (method && !is_method)) continue;
        place.add(name, {name, "", "", row->name});
    }
}

// The rows of `ds` that a name stands for: a parameter of a function handed to one of its methods
// (`ds:filter(function(row) return row.|`). Empty when it is none.
std::vector<std::string> dataset_of_row(const CompletionPlace& place, const std::string& name) {
    const auto& tokens = place.tokens;
    auto word = [&](std::size_t i) {
        return i < tokens.size() ? token_text(place.text, tokens[i]) : std::string_view{};
    };
    for (std::size_t i = tokens.size(); i-- > 0;) {
        if (word(i) != "function" || word(i + 1) != "(" || word(i + 2) != name) continue;
        std::vector<Token> before(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(i));
        auto call = call_at(place.text, before);
        if (!call) return {};
        NameChain chain = chain_at(place.text, before, call->callee_end);
        if (!chain.method || chain.base_call || chain.names.size() < 2) return {};
        chain.names.pop_back();
        return chain.names;
    }
    return {};
}

// `ds[1].`: the tokens end with the bracket and the dot.
std::vector<std::string> dataset_of_index(const CompletionPlace& place) {
    std::size_t depth = 0;
    for (std::size_t i = place.tokens.size() - 1; i-- > 0;) {
        auto mark = token_text(place.text, place.tokens[i]);
        if (mark == "]") ++depth;
        if (mark == "[" && --depth == 0 && i > 0)
            return chain_at(place.text, place.tokens, i - 1).names;
    }
    return {};
}

}  // namespace

void offer_members(CompletionPlace& place, const std::vector<std::string>& chain, bool method) {
    lua_State* L = place.names.L;
    std::string path;
    for (const auto& name : chain) path += (path.empty() ? "" : ".") + name;
    offer_rows(place, path, method);
    if (!push_chain(L, place.names.locals, chain)) return;
    int value = lua_gettop(L);
    if (lua_type(L, value) == LUA_TSTRING) {
        lua_pushliteral(L, "string");
        lua_rawget(L, LUA_GLOBALSINDEX);
        if (method && lua_istable(L, -1)) value = lua_gettop(L);
    }
    std::string name = class_name(L, value);
    offer_rows(place, name, method);
    for (const Member& member : members_of(L, value)) {
        if (!is_name(member.name) || (!member.function && method)) continue;
        bool hidden = !name.empty() && !is_plain_member(member.name);
        if (!hidden) place.add(member.name);
    }
}

void offer_members(CompletionPlace& place) {
    if (place.tokens.size() < 2) return;
    bool method = place.word(0) == ":";
    std::size_t last = place.tokens.size() - 2;
    std::vector<std::string> columns;
    if (place.word(1) == "]") columns = dataset_columns(place, dataset_of_index(place));
    NameChain chain = chain_at(place.text, place.tokens, last);
    if (chain.names.size() == 1 && !method) {
        NameScan scan = scan_names(place.text, place.tokens);
        auto& scope = scan.locals;
        if (std::find(scope.begin(), scope.end(), chain.names[0]) != scope.end()) {
            columns = dataset_columns(place, dataset_of_row(place, chain.names[0]));
            if (columns.empty()) return;  // a local of the entry hides what has its name outside
        }
    }
    for (const auto& column : columns) {
        if (is_name(column)) place.add(column);
    }
    if (!columns.empty()) return;
    if (chain.empty() || chain.base_call) {
        // Behind a call or a string: the class of its result. A name is put there to ask for it.
        std::vector<Token> tokens = place.tokens;
        tokens.push_back({TokenKind::name, place.text.size(), place.text.size()});
        chain = chain_at(place.text, tokens, tokens.size() - 1);
        if (chain.on_string) return offer_members(place, {"string"}, false);
        std::string owner = owner_class(place.names, place.text, tokens, chain);
        if (!owner.empty()) offer_rows(place, owner, method);
        return;
    }
    offer_members(place, chain.names, method);
}

}  // namespace moonlet
