// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include "shell/completion_sources.h"
#include "shell/lookup.h"
#include "shell/name_scan.h"

namespace moonlet {

void offer_names(CompletionPlace& place) {
    if (place.prefix.empty()) return;
    lua_State* L = place.names.L;
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    for (Member& member : members_of(L, lua_gettop(L))) {
        if (!is_name(member.name)) continue;
        place.add(member.name, {member.name, "", "", member.name});
    }
    for (const auto& name : place.names.locals.names()) place.add(name);
    NameScan scan = scan_names(place.text, place.tokens);
    for (auto name : scan.locals) place.add(std::string(name));
    for (auto name : scan.assigned) place.add(std::string(name));
    for (const char* keyword :
         {"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
          "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
          "repeat",   "return", "then", "true", "until",  "while"}) {
        place.add(keyword);
    }
}

}  // namespace moonlet
