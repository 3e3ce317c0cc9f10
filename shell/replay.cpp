// SPDX-License-Identifier: Apache-2.0
#include "shell/replay.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/parse_state.h"

namespace moonlet {
namespace {

// Upvalue 1 is the session, upvalue 2 whether the values are printed.
int take_values(lua_State* L) {
    auto* session = static_cast<Session*>(lua_touserdata(L, lua_upvalueindex(1)));
    if (session->lua() != L) return luaL_error(L, "show: called inside a coroutine");
    session->take_values(1, lua_gettop(L), lua_toboolean(L, lua_upvalueindex(2)));
    return 0;
}

int set_columns(lua_State* L) {
    auto* session = static_cast<Session*>(lua_touserdata(L, lua_upvalueindex(1)));
    session->set_width(static_cast<int>(luaL_checkinteger(L, 1)));
    return 0;
}

int set_random(lua_State* L) {
    std::string digits = luaL_checkstring(L, 1), bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(std::strtol(digits.substr(i, 2).c_str(), nullptr, 16));
    set_random_state(L, bytes);
    return 0;
}

// moonlet.replay gets the functions that know this session.
int install(lua_State* L) {
    void* session = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.replay");
    lua_call(L, 1, 1);
    for (bool print : {true, false}) {
        lua_pushlightuserdata(L, session);
        lua_pushboolean(L, print);
        lua_pushcclosure(L, take_values, 2);
        lua_setfield(L, -2, print ? "show" : "silent");
    }
    lua_pushlightuserdata(L, session);
    lua_pushcclosure(L, set_columns, 1);
    lua_setfield(L, -2, "columns");
    lua_pushcfunction(L, set_random);
    lua_setfield(L, -2, "random");
    return 0;
}

// How many models were not what they had been.
int count_differences(lua_State* L) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.replay");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "differences");
    *static_cast<std::size_t*>(lua_touserdata(L, 1)) = lua_objlen(L, -1);
    return 0;
}

void call(lua_State* L, lua_CFunction function, void* argument) {
    if (lua_cpcall(L, function, argument) == 0) return;
    const char* text = lua_tostring(L, -1);
    std::fprintf(stderr, "moonlet: %s\n", text ? text : "not enough memory");
    lua_pop(L, 1);
}

}  // namespace

void print_input(const std::string& text) {
    std::string out = "> ";
    for (char c : text) {
        out += c;
        if (c == '\n') out += ".. ";
    }
    out += '\n';
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
}

namespace {

using Lines = std::vector<std::string>;

// What stands in one and not in the other, by the longest common subsequence.
std::string difference(const Lines& recorded, const Lines& now, bool color) {
    std::size_t n = recorded.size(), m = now.size();
    std::vector<std::vector<unsigned>> common(n + 1, std::vector<unsigned>(m + 1, 0));
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t j = m; j-- > 0;) {
            common[i][j] = same_output(recorded[i], now[j])
                               ? common[i + 1][j + 1] + 1
                               : std::max(common[i + 1][j], common[i][j + 1]);
        }
    }
    std::string out;
    auto line = [&](const char* sign, const char* style, const std::string& text) {
        out += (color ? std::string("\x1b[") + style + "m" : "") + "  " + sign + " " + text +
               (color ? "\x1b[0m" : "") + "\n";
    };
    for (std::size_t i = 0, j = 0; i < n || j < m;) {
        if (i < n && j < m && same_output(recorded[i], now[j])) {
            ++i, ++j;
        } else if (j < m && (i == n || common[i][j + 1] > common[i + 1][j])) {
            line("+", "32", now[j++]);
        } else {
            line("-", "31", recorded[i++]);
        }
    }
    return out;
}

}  // namespace

std::string output_difference(const Lines& recorded, const Lines& now, bool color) {
    return difference(recorded, now, color);
}

bool same_lines(const Lines& recorded, const Lines& now) {
    return std::equal(recorded.begin(), recorded.end(), now.begin(), now.end(), same_output);
}

bool runs_by_entries(lua_State* L, const SavedSession& saved, std::string* problem) {
    for (const SavedEntry& entry : saved.entries) {
        std::string name = "=(" + std::to_string(entry.number) + ")";
        ParsedEntry parsed = parse_entry(L, entry.text, name);
        if (parsed.state == ParseState::complete || entry.text.empty()) continue;
        *problem = parsed.state == ParseState::incomplete ? name.substr(1) + ": unfinished"
                                                          : parsed.message;
        return false;
    }
    return true;
}

ScriptResult run_saved_session(Session& session, const SavedSession& saved, bool compare) {
    lua_State* L = session.lua();
    session.set_width(session.width());
    call(L, install, &session);
    if (!session.run_aside(saved.head, "=(head)")) return ScriptResult::failed;
    std::size_t same_entries = 0, compared = 0;
    for (const SavedEntry& entry : saved.entries) {
        session.skip_to(entry.number);
        if (compare && !entry.text.empty()) print_input(entry.text);
        std::string name = "=(" + std::to_string(entry.number) + ")";
        bool good = session.run_aside(entry.before, name) &&
                    (entry.text.empty() || session.run(entry.text)) &&
                    session.run_aside(entry.after, name);
        if (!good) {
            bool stopped =
                !session.entries().empty() && session.entries().back().record.interrupted;
            std::fprintf(stderr, "moonlet: entry (%zu) %s; those behind it did not run\n",
                         entry.number, stopped ? "was interrupted" : "failed");
            return stopped ? ScriptResult::interrupted : ScriptResult::failed;
        }
        if (!compare || entry.interrupted || entry.text.empty()) continue;
        ++compared;
        Lines now = output_lines(session.entries().back().record.output);
        if (same_lines(entry.output, now)) {
            ++same_entries;
            continue;
        }
        std::string text = "entry (" + std::to_string(entry.number) +
                           ") printed something else: - recorded, + now\n" +
                           difference(entry.output, now, session.color());
        std::fwrite(text.data(), 1, text.size(), stderr);
    }
    std::size_t others = 0;
    call(L, count_differences, &others);
    if (!compare) return ScriptResult::ok;
    std::fprintf(stderr, "replay: %zu of %zu entries printed what is recorded\n", same_entries,
                 compared);
    return same_entries == compared && others == 0 ? ScriptResult::ok : ScriptResult::failed;
}

}  // namespace moonlet
