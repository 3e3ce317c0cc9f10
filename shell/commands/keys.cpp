// SPDX-License-Identifier: Apache-2.0
// :vi and :emacs — the keys of the line editor. They set the global _KEYS, which a start file can
// set as well.
#include <lua.hpp>

#include "shell/commands.h"

namespace moonlet {
namespace {

std::string use_keys(CommandContext& context, const char* name) {
    lua_State* L = context.session.lua();
    lua_pushstring(L, "_KEYS");
    lua_pushstring(L, name);
    lua_rawset(L, LUA_GLOBALSINDEX);
    return std::string("keys of ") + name + "; _KEYS = \"" + name +
           "\" in init.lua chooses them at the start\n";
}

std::string run_vi(CommandContext& context, const std::string&) { return use_keys(context, "vi"); }
std::string run_emacs(CommandContext& context, const std::string&) {
    return use_keys(context, "emacs");
}

const CommandRegistrar vi{{"vi", "", "edit with the keys of vi", run_vi}};
const CommandRegistrar emacs{{"emacs", "", "edit with the keys of emacs", run_emacs}};

}  // namespace
}  // namespace moonlet
