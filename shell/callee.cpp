// SPDX-License-Identifier: Apache-2.0
#include "shell/callee.h"

#include <cctype>

#include <lua.hpp>

#include "shell/lookup.h"
#include "shell/lua_library.h"

namespace moonlet {
namespace {

// "Model", of "Model", "Model?" or "Dataset, Dataset": classes start with a capital.
std::string class_of_result(const HelpRow& row) {
    std::size_t end = 0;
    while (end < row.result.size() && is_name_char(row.result[end])) ++end;
    bool capital = end > 0 && std::isupper(static_cast<unsigned char>(row.result[0]));
    return capital ? row.result.substr(0, end) : "";
}

const HelpRow* member_row(Rows& rows, const std::string& owner, const std::string& name) {
    if (owner.empty()) return nullptr;
    const HelpRow* row = rows.find(owner + ":" + name);
    return row ? row : rows.find(owner + "." + name);
}

// The row whose module holds the very function on the top: `local load = models.load`.
const HelpRow* row_of_function(const Names& names) {
    lua_State* L = names.L;
    int function = lua_gettop(L);
    for (const HelpRow& row : names.rows.all()) {
        auto chain = split_chain(row.name);
        if (chain.empty() || std::isupper(static_cast<unsigned char>(chain[0][0]))) continue;
        lua_pushvalue(L, LUA_GLOBALSINDEX);
        for (const auto& name : chain) {
            if (!lua_istable(L, -1)) break;
            lua_pushlstring(L, name.data(), name.size());
            lua_rawget(L, -2);
            lua_remove(L, -2);
        }
        bool same = lua_rawequal(L, -1, function);
        lua_pop(L, 1);
        if (same) return &row;
    }
    return nullptr;
}

// Parameters of the Lua function on the top. That it takes more only debug.getinfo says; it is
// called when it is still Lua's own.
void lua_parameters(lua_State* L, std::vector<std::string>* parameters) {
    int function = lua_gettop(L);
    lua_pushvalue(L, function);
    for (int i = 1; const char* name = lua_getlocal(L, nullptr, i); ++i) {
        parameters->push_back(name);
        lua_pushvalue(L, function);
    }
    lua_settop(L, function);
    lua_pushliteral(L, "debug");
    lua_rawget(L, LUA_GLOBALSINDEX);
    if (!lua_istable(L, -1)) return lua_settop(L, function);
    lua_pushliteral(L, "getinfo");
    lua_rawget(L, -2);
    if (!lua_iscfunction(L, -1)) return lua_settop(L, function);
    lua_pushvalue(L, function);
    lua_pushliteral(L, "u");
    if (lua_pcall(L, 2, 1, 0) == 0 && lua_istable(L, -1)) {
        lua_pushliteral(L, "isvararg");
        lua_rawget(L, -2);
        if (lua_toboolean(L, -1)) parameters->push_back("...");
    }
    lua_settop(L, function);
}

void describe_function(const Names& names, const NameChain& chain, bool method, Callee* callee) {
    lua_State* L = names.L;
    // An object that can be called: the function behind __call, without the object.
    bool object = !lua_isfunction(L, -1);
    if (object) {
        if (!lua_getmetatable(L, -1)) return;
        lua_pushliteral(L, "__call");
        lua_rawget(L, -2);
        if (!lua_isfunction(L, -1)) return;
    }
    callee->row = object ? nullptr : row_of_function(names);
    if (callee->row) return;
    if (lua_iscfunction(L, -1)) {
        callee->known = library_parameters(chain.dotted(), &callee->parameters);
    } else {
        lua_parameters(L, &callee->parameters);
        callee->known = true;
    }
    bool drop = (method || object) && !callee->parameters.empty() && callee->parameters[0] != "...";
    if (drop) callee->parameters.erase(callee->parameters.begin());
}

}  // namespace

std::string owner_class(const Names& names, std::string_view text, const std::vector<Token>& tokens,
                        const NameChain& chain) {
    if (chain.base_call) {
        if (chain.names.size() != 1) return {};
        Callee callee = find_callee(names, text, tokens, chain_at(text, tokens, *chain.base_call));
        return callee.row ? class_of_result(*callee.row) : "";
    }
    auto owner = chain.names;
    if (owner.size() < 2) return {};
    owner.pop_back();
    if (!push_chain(names.L, names.locals, owner)) return {};
    std::string name = class_name(names.L, lua_gettop(names.L));
    lua_pop(names.L, 1);
    return name;
}

Callee find_callee(const Names& names, std::string_view text, const std::vector<Token>& tokens,
                   const NameChain& chain) {
    Callee callee;
    if (chain.empty()) return callee;
    callee.name = chain.dotted();
    lua_State* L = names.L;
    luaL_checkstack(L, 20, "callee");
    bool on_string = chain.on_string;
    auto owner = chain.names;
    owner.pop_back();
    if (!on_string && chain.method && !chain.base_call && push_chain(L, names.locals, owner)) {
        on_string = lua_type(L, -1) == LUA_TSTRING;
        lua_pop(L, 1);
    }
    if (on_string) {
        callee.known = library_parameters("string." + chain.names.back(), &callee.parameters);
        if (callee.known) callee.parameters.erase(callee.parameters.begin());
        return callee;
    }
    callee.row =
        member_row(names.rows, owner_class(names, text, tokens, chain), chain.names.back());
    if (callee.row || chain.base_call) return callee;
    int base = lua_gettop(L);
    bool local = names.locals.push(chain.names[0]);
    lua_settop(L, base);
    bool there = push_chain(L, names.locals, chain.names);
    if (!local && (!there || lua_isfunction(L, -1))) callee.row = names.rows.find(chain.dotted());
    if (there && !callee.row) describe_function(names, chain, chain.method, &callee);
    lua_settop(L, base);
    return callee;
}

}  // namespace moonlet
