// SPDX-License-Identifier: Apache-2.0
#include "shell/lua_trees.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <lua.hpp>

namespace moonlet {
namespace {

bool is_fixed(const char* variable) {
    const char* text = std::getenv(variable);
    return text && *text && std::string(text).find(";;") == std::string::npos;
}

struct Search {
    const char *field, *variable;
    std::vector<std::string> ends;  // behind the root of a tree
};

int extend(lua_State* L) {
    auto* search = static_cast<Search*>(lua_touserdata(L, 1));
    lua_getglobal(L, "package");
    if (!lua_istable(L, -1)) return 0;
    lua_getfield(L, -1, search->field);
    std::string path = lua_tostring(L, -1) ? lua_tostring(L, -1) : "";
    const char* home = std::getenv("HOME");
    std::vector<std::string> roots = {"/usr/local", "/usr"};
    if (home && *home) roots.insert(roots.begin(), std::string(home) + "/.luarocks");
    for (const std::string& root : roots) {
        for (const std::string& end : search->ends) {
            std::string entry = root + end;
            if ((";" + path + ";").find(";" + entry + ";") != std::string::npos) continue;
            if (!path.empty() && path.back() != ';') path += ';';
            path += entry;
        }
    }
    lua_pushlstring(L, path.data(), path.size());
    lua_setfield(L, -3, search->field);
    return 0;
}

}  // namespace

void add_lua_trees(lua_State* L, bool environment) {
    std::vector<Search> all = {
        {"path", "LUA_PATH", {"/share/lua/5.1/?.lua", "/share/lua/5.1/?/init.lua"}},
        {"cpath", "LUA_CPATH", {"/lib/lua/5.1/?.so"}}};
    all[1].ends.push_back("/lib/x86_64-linux-gnu/lua/5.1/?.so");
    for (Search& search : all) {
        if (environment && is_fixed(search.variable)) continue;
        if (lua_cpcall(L, extend, &search) != 0) lua_pop(L, 1);
    }
}

}  // namespace moonlet
