// SPDX-License-Identifier: Apache-2.0
#include "shell/completer.h"

#include <lua.hpp>

#include "shell/completion_sources.h"
#include "shell/signature_help.h"

namespace moonlet {
namespace {

void find(CompletionPlace& place) {
    std::size_t first = place.text.find_first_not_of(" \t\n");
    if (first == std::string::npos) return;
    if (place.text[first] == ':' || place.text[first] == '?') return offer_special(place);
    place.tokens = lex(place.text);
    if (place.tokens.empty()) return;
    Token last = place.tokens.back();
    bool at_end = last.end == place.text.size();
    if (last.kind == TokenKind::comment && (!last.closed || at_end)) return;
    if (last.kind == TokenKind::string && !last.closed) {
        char quote = place.text[last.begin];
        if (quote == '[') return;
        place.prefix = place.text.substr(last.begin + 1);
        place.begin = last.begin + 1;
        place.tokens.pop_back();
        place.in_string = true;
        return offer_string(place, quote);
    }
    if ((last.kind == TokenKind::name || last.kind == TokenKind::keyword) && at_end) {
        place.prefix = token_text(place.text, last);
        place.begin = last.begin;
        place.tokens.pop_back();
    }
    auto before = place.word(0);
    if (before == "." || before == ":") return offer_members(place);
    if (last.kind == TokenKind::number && at_end) return;
    // Options of a call come alone: they are what one wants there, and they carry notes.
    if (before == "{" || before == "," || before == ";") offer_options(place);
    if (before == "=") offer_values(place);
    if (place.empty()) offer_names(place);
}

struct Job {
    CompletionPlace* place;
    Completion found;
};

int run(lua_State* L) {
    auto* job = static_cast<Job*>(lua_touserdata(L, 1));
    luaL_checkstack(L, 30, "completion");
    find(*job->place);
    job->found = job->place->finish();
    return 0;
}

}  // namespace

Completer::Completer(lua_State* L, const SessionLocals& locals, Rows& rows,
                     std::vector<CommandName> commands)
    : L_(L), locals_(locals), rows_(rows), commands_(std::move(commands)) {}

Completion Completer::complete(const std::string& text, std::size_t cursor) {
    rows_.all();
    std::string before = lua_in_command(text.substr(0, cursor), commands_);
    CompletionPlace place({L_, locals_, rows_}, commands_, before);
    Job job{&place, {cursor, cursor, {}}};
    int base = lua_gettop(L_);
    if (lua_cpcall(L_, run, &job) != 0) job.found = {cursor, cursor, {}};
    lua_settop(L_, base);
    return job.found;
}

std::vector<Row> Completer::hint(const std::string& text, std::size_t width, bool color) {
    return signature_hint({L_, locals_, rows_}, lua_in_command(text, commands_), width, color);
}

std::string Completer::describe(const Candidate& candidate) {
    const HelpRow* row = candidate.topic.empty() ? nullptr : rows_.find(candidate.topic);
    if (row) return signature(*row) + (row->doc.empty() ? "" : "\n" + row->doc);
    return candidate.note;
}

}  // namespace moonlet
