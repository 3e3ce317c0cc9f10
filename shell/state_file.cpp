// SPDX-License-Identifier: Apache-2.0
#include "shell/state_file.h"

#include <cstdint>
#include <cstdio>
#include <cstring>

#include <lua.hpp>

#include "shell/data_text.h"
#include "shell/effects.h"
#include "shell/lexer.h"
#include "shell/lookup.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxState = 256u << 20;

// FNV-1a over 8 bytes at a time: it finds damage, it keeps nobody out.
std::string hash_of(std::string_view text) {
    std::uint64_t hash = 1469598103934665603ull;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        hash = (hash ^ word) * 1099511628211ull;
        hash ^= hash >> 29;
    }
    for (; at < text.size(); ++at)
        hash = (hash ^ static_cast<unsigned char>(text[at])) * 1099511628211ull;
    char out[20];
    std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(hash));
    return out;
}

bool looks_secret(lua_State* L, const std::string& name) {
    for (const char* word : {"key", "token", "secret", "password", "passwd"}) {
        std::size_t at = name.find(word);
        if (at != std::string::npos && lua_type(L, -1) == LUA_TSTRING) return true;
    }
    if (lua_type(L, -1) != LUA_TSTRING) return false;
    std::string_view text = lua_tostring(L, -1);
    return text.rfind("sk-", 0) == 0 || text.rfind("hf_", 0) == 0;
}

bool push_variable(Session& session, const std::string& name, bool* local) {
    lua_State* L = session.lua();
    *local = session.locals().push(name);
    if (*local) return true;
    lua_pushlstring(L, name.data(), name.size());
    lua_rawget(L, LUA_GLOBALSINDEX);
    return true;
}

std::string kind_of(lua_State* L) {
    std::string name = class_name(L, lua_gettop(L));
    return name.empty() ? lua_typename(L, lua_type(L, -1)) : name;
}

// The text behind `"field":` of the first line, a string or number.
std::string field(std::string_view line, const std::string& name) {
    std::size_t at = line.find("\"" + name + "\":");
    if (at == std::string_view::npos) return {};
    at += name.size() + 3;
    if (at < line.size() && line[at] == '"') ++at;
    std::size_t end = line.find_first_of("\",}", at);
    return std::string(line.substr(at, end - at));
}

}  // namespace

std::set<std::string> given_names(const std::vector<Entry>& entries) {
    std::set<std::string> names;
    for (const Entry& entry : entries) {
        if (!entry.is_saved()) continue;
        Effects effects = effects_of(entry.record.code, entry.record.expression);
        names.insert(effects.writes.begin(), effects.writes.end());
    }
    return names;
}

StateReport write_state(Session& session, const std::set<std::string>& names,
                        std::string_view script) {
    lua_State* L = session.lua();
    StateReport report;
    std::string body;
    for (const auto& name : names) {
        bool local = false;
        if (!is_name(name) || !push_variable(session, name, &local)) continue;
        std::string line =
            "{\"name\":\"" + name + "\",\"local\":" + (local ? "true" : "false") + ",\"value\":";
        bool secret = looks_secret(L, name);
        std::string problem = secret ? "a secret?" : "";
        if (!lua_isnil(L, -1) && !secret) problem = write_plain(L, -1, &line);
        bool there = !lua_isnil(L, -1);
        if (there && problem.empty() && body.size() + line.size() < kMaxState) {
            body += line + "}\n";
            report.names.push_back(name);
        } else if (there) {
            std::string why = problem.empty() ? "too large" : problem;
            if (!secret && (lua_isfunction(L, -1) || lua_isuserdata(L, -1))) why = kind_of(L);
            report.left.push_back(name + " (" + why + ")");
        }
        lua_pop(L, 1);
    }
    if (report.names.empty()) return report;
    report.text = "{\"moonlet_state\":1,\"variables\":" + std::to_string(report.names.size()) +
                  ",\"hash\":\"" + hash_of(body) + "\",\"script\":\"" + hash_of(script) + "\"}\n" +
                  body;
    return report;
}

StateReport read_state(Session& session, std::string_view text, std::string_view script) {
    lua_State* L = session.lua();
    StateReport report;
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view first = text.substr(0, end);
    std::string_view body = text.substr(std::min(end + 1, text.size()));
    if (first.rfind("{\"moonlet_state\":1,", 0) != 0) {
        report.problem = "it is no state that :save has written";
        return report;
    }
    if (field(first, "hash") != hash_of(body)) {
        report.problem = "it is damaged or was changed: its hash is another";
        return report;
    }
    report.script_changed = field(first, "script") != hash_of(script);
    int base = lua_gettop(L);
    struct Variable {
        std::string name;
        bool local;
    };
    std::vector<Variable> variables;
    while (!body.empty() && report.problem.empty()) {
        std::size_t line_end = std::min(body.find('\n'), body.size());
        std::string_view line = body.substr(0, line_end);
        body.remove_prefix(std::min(line_end + 1, body.size()));
        std::size_t value = line.find(",\"value\":");
        std::string name = field(line, "name");
        if (value == std::string_view::npos || !is_name(name) || line.back() != '}' ||
            !lua_checkstack(L, 4) ||
            !read_plain_data(L, line.substr(value + 9, line.size() - value - 10))) {
            report.problem = "line " + std::to_string(variables.size() + 2) + " cannot be read";
            break;
        }
        variables.push_back({name, field(line.substr(0, value + 1), "local") == "true"});
    }
    for (std::size_t i = 0; report.problem.empty() && i < variables.size(); ++i) {
        lua_pushvalue(L, base + 1 + static_cast<int>(i));
        const Variable& variable = variables[i];
        if (variable.local) {
            session.locals().define(variable.name);
        } else {
            lua_pushlstring(L, variable.name.data(), variable.name.size());
            lua_insert(L, -2);
            lua_rawset(L, LUA_GLOBALSINDEX);
        }
        report.names.push_back(variable.name);
    }
    lua_settop(L, base);
    return report;
}

}  // namespace moonlet
