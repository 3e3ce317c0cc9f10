// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include "shell/completion_sources.h"
#include "shell/lookup.h"

namespace moonlet {
namespace {

// Keys of the table in `t["|`, with the quote and the bracket that end it.
void offer_keys(CompletionPlace& place, char quote) {
    NameChain chain = chain_at(place.text, place.tokens, place.tokens.size() - 2);
    lua_State* L = place.names.L;
    if (chain.empty() || chain.base_call || !push_chain(L, place.names.locals, chain.names)) return;
    for (const Member& member : members_of(L, lua_gettop(L))) {
        if (member.name.find_first_of(std::string("\\\n") + quote) != std::string::npos) continue;
        place.add(member.name, {member.name + quote + "]", member.name});
    }
}

}  // namespace

void offer_string(CompletionPlace& place, char quote) {
    if (place.word(0) == "[" && place.tokens.size() >= 2) return offer_keys(place, quote);
    offer_known_strings(place);
    bool all_known = !place.empty() && place.prefix.find('/') == std::string::npos;
    // What a call knows stands alone, unless it takes files too.
    if (all_known && extensions_for(place).empty()) return;
    offer_paths(place, quote, extensions_for(place));
}

}  // namespace moonlet
