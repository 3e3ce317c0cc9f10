// SPDX-License-Identifier: Apache-2.0
#include "shell/error_hint.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <lua.hpp>

#include "shell/lexer.h"
#include "shell/lookup.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kLongestName = 60;  // of an expression said in a message

// Pushes the variable as the frame's code sees it; false (nothing pushed) when it cannot be had.
bool push_variable(lua_State* L, lua_Debug* frame, const std::string& name) {
    int top = lua_gettop(L), found = 0;
    for (int i = 1; const char* local = lua_getlocal(L, frame, i); ++i) {
        if (name == local) found = i;
        lua_pop(L, 1);
    }
    if (found) return lua_getlocal(L, frame, found) != nullptr;
    lua_getinfo(L, "f", frame);
    int function = lua_gettop(L);
    for (int i = 1; const char* upvalue = lua_getupvalue(L, function, i); ++i) {
        if (name == upvalue) {
            lua_replace(L, function);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_getfenv(L, function);
    if (!lua_istable(L, -1)) {
        lua_settop(L, top);
        return false;
    }
    lua_pushlstring(L, name.data(), name.size());
    lua_rawget(L, -2);
    lua_replace(L, function);
    lua_settop(L, function);
    return true;
}

// Pushes what the first `count` parts of the site's expression give.
bool push_site(const FrameSites& at, const Site& site, std::size_t count) {
    if (count == 0 || site.keys.size() < count) return false;
    luaL_checkstack(at.L, 20, "looking at an error");
    if (!push_variable(at.L, at.frame, site.keys[0])) return false;
    for (std::size_t i = 1; i < count; ++i) {
        if (site.numbers[i]) {
            if (!lua_istable(at.L, -1)) return lua_pop(at.L, 1), false;
            lua_pushnumber(at.L, std::strtod(site.keys[i].c_str(), nullptr));
            lua_rawget(at.L, -2);
            lua_remove(at.L, -2);
            continue;
        }
        bool plain = lua_istable(at.L, -1);
        if (plain && lua_getmetatable(at.L, -1)) {
            lua_pop(at.L, 1);
            plain = false;
        }
        if (push_member(at.L, site.keys[i])) continue;
        if (!plain || i + 1 != count) return false;
        lua_pushnil(at.L);  // of a table without a metatable an absent member is nil, for sure
    }
    return true;
}

std::string shown(const FrameSites& at, const Site& site) {
    std::string text(at.text.substr(site.begin, site.end - site.begin));
    bool fits = text.size() <= kLongestName && text.find('\n') == std::string::npos;
    return fits ? text : "";
}

struct Message {
    SiteKind kind;
    std::string role, name, type;    // "field", "foo", "nil"; role and name may be empty
    std::size_t begin = 0, end = 0;  // what the better name takes the place of; end 0: goes behind
};

bool starts(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

bool parse(const std::string& text, Message* message) {
    static constexpr std::pair<const char*, SiteKind> kOperators[] = {
        {"index ", SiteKind::index},
        {"call ", SiteKind::call},
        {"perform arithmetic on ", SiteKind::arithmetic},
        {"concatenate ", SiteKind::concatenate},
        {"get length of ", SiteKind::length},
        {"compare ", SiteKind::compare}};
    std::size_t at = text.find("attempt to ");
    if (at == std::string::npos) return false;
    at += 11;
    std::string_view rest = std::string_view(text).substr(at);
    for (auto [word, kind] : kOperators) {
        if (!starts(rest, word)) continue;
        message->kind = kind;
        rest.remove_prefix(std::strlen(word));
        at += std::strlen(word);
        if (kind == SiteKind::compare) {
            bool nil = rest.find("nil") != std::string_view::npos;
            message->type = nil ? "nil" : "";
            return true;
        }
        for (const char* role : {"local", "upvalue", "global", "field", "method"}) {
            std::size_t size = std::strlen(role);
            if (!starts(rest, role) || rest.substr(size, 2) != " '") continue;
            std::size_t close = rest.find("' (a ", size + 2);
            if (close == std::string_view::npos) return false;
            message->role = role;
            message->name = rest.substr(size + 2, close - size - 2);
            message->begin = at + size + 2;
            message->end = at + close;
            std::string_view type = rest.substr(close + 5);
            message->type = type.substr(0, type.find(' '));
            return true;
        }
        if (!starts(rest, "a ")) return false;
        message->type = rest.substr(2, rest.find(' ', 2) - 2);
        message->begin = at;
        return true;
    }
    return false;
}

bool fits(const Message& message, const Site& site) {
    if (site.kind != message.kind) return false;
    if (message.role.empty()) return true;
    if (message.role == "method") return site.method && site.last == message.name;
    if (message.role == "field") return site.last == message.name && site.keys.size() != 1;
    return site.keys.size() == 1 && site.keys[0] == message.name;
}

std::vector<std::string> names_in_reach(const FrameSites& at) {
    lua_State* L = at.L;
    std::vector<std::string> names;
    int top = lua_gettop(L);
    for (int i = 1; const char* local = lua_getlocal(L, at.frame, i); ++i) {
        if (is_name(local)) names.emplace_back(local);
        lua_pop(L, 1);
    }
    lua_getinfo(L, "f", at.frame);
    for (int i = 1; const char* upvalue = lua_getupvalue(L, top + 1, i); ++i) {
        if (is_name(upvalue)) names.emplace_back(upvalue);
        lua_pop(L, 1);
    }
    lua_getfenv(L, top + 1);
    for (const Member& member : members_of(L, lua_gettop(L))) names.push_back(member.name);
    lua_settop(L, top);
    names.erase(std::remove_if(names.begin(), names.end(),
                               [](const std::string& n) { return n.size() < 2; }),
                names.end());
    return names;
}

// Whether the first parameter of the Lua function on the top is called self; pops it.
bool wants_self(lua_State* L) {
    bool wants = false;
    if (!lua_iscfunction(L, -1)) {
        const char* first = lua_getlocal(L, nullptr, 1);  // pops the function
        return first && !std::strcmp(first, "self");
    }
    lua_pop(L, 1);
    return wants;
}

// Whether the value at the index is an object in the sense of methods: it has a metatable that
// leads to them.
bool is_object(lua_State* L, int index) {
    if (lua_type(L, index) == LUA_TSTRING) return true;
    if (!lua_getmetatable(L, index)) return false;
    lua_pop(L, 1);
    return true;
}

}  // namespace

bool find_operation(const FrameSites& at, const std::string& text, Site* site, std::string* named) {
    Message message;
    if (!parse(text, &message)) return false;
    const Site *best = nullptr, *possible = nullptr;
    for (const Site& candidate : at.sites) {
        if (!fits(message, candidate)) continue;
        if (push_site(at, candidate, candidate.keys.size())) {
            bool same = message.type == luaL_typename(at.L, -1);
            lua_pop(at.L, 1);
            if (same && (!best || (candidate.exact && !best->exact))) best = &candidate;
        } else if (!possible || (candidate.exact && !possible->exact)) {
            possible = &candidate;
        }
    }
    if (!best) best = possible;
    if (!best) return false;
    *site = *best;
    std::string name = shown(at, *best);
    if (name.empty()) return true;
    *named = text;
    if (message.end > 0) {
        named->replace(message.begin, message.end - message.begin, name);
    } else if (message.kind == SiteKind::compare) {
        *named += " ('" + name + "' is " + message.type + ")";
        if (message.type.empty()) *named = "";
    } else {
        named->replace(message.begin, std::string::npos,
                       "'" + name + "' (a " + message.type + " value)");
    }
    return true;
}

bool find_call(const FrameSites& at, lua_Debug* callee, Site* site) {
    const char* name = callee->name;
    lua_State* L = at.L;
    int top = lua_gettop(L);
    lua_getinfo(L, "f", callee);
    std::vector<const Site*> sure, possible;
    for (const Site& candidate : at.sites) {
        if (candidate.kind != SiteKind::call || !candidate.exact) continue;
        if (push_site(at, candidate, candidate.keys.size())) {
            bool same = lua_rawequal(L, -1, top + 1);
            bool stands = lua_isfunction(L, -1);
            lua_settop(L, top + 1);
            if (same) sure.push_back(&candidate);
            if (same || stands) continue;  // another function, or one to be called for its __call
        }
        if (name && candidate.last == name) possible.push_back(&candidate);
    }
    lua_settop(L, top);
    const auto& found = sure.empty() ? possible : sure;
    if (found.size() != 1) return false;
    *site = *found[0];
    return true;
}

std::string hint_of_operation(const FrameSites& at, const Site& site) {
    lua_State* L = at.L;
    if (site.keys.empty()) return {};
    std::string last = site.keys.back();
    if (site.keys.size() == 1) {
        // A variable that exists is no misspelling: only globals do not.
        int top = lua_gettop(L);
        if (!push_variable(L, at.frame, last)) return {};
        bool nil = lua_isnil(L, -1);
        lua_settop(L, top);
        if (!nil) return {};
        auto names = names_in_reach(at);
        if (std::find(names.begin(), names.end(), last) != names.end()) return {};
        auto near = nearest(last, names, 1);
        return near.empty() ? "no variable is called '" + last + "'"
                            : "did you mean '" + near[0] + "'?";
    }
    if (site.numbers.back() || !push_site(at, site, site.keys.size() - 1)) return {};
    std::vector<std::string> names;
    bool type = lua_istable(L, -1) || lua_isuserdata(L, -1);
    if (type) {
        for (const Member& member : members_of(L, lua_gettop(L))) names.push_back(member.name);
    }
    std::string owner = lua_isnil(L, -1) ? "" : class_name(L, -1);
    lua_pop(L, 1);
    if (!type || std::find(names.begin(), names.end(), last) != names.end()) return {};
    auto near = nearest(last, names, 1);
    std::string whole(at.text.substr(site.begin, site.end - site.begin));
    std::string prefix = whole.substr(0, whole.size() - std::min(whole.size(), last.size()));
    if (!near.empty())
        return "did you mean '" + (prefix.size() <= kLongestName ? prefix : "") + near[0] + "'?";
    return owner.empty() || !is_name(owner) ? "" : "see ?" + owner;
}

std::string hint_of_call(const FrameSites& at, lua_Debug* callee, const Site& site) {
    lua_State* L = at.L;
    int top = lua_gettop(L);
    std::string whole(at.text.substr(site.begin, site.end - site.begin));
    std::string hint;
    if (site.keys.size() < 2 || site.numbers.back() || whole.size() > kLongestName) return hint;
    std::size_t name_at = whole.size() - site.last.size();
    if (name_at == 0 || name_at > whole.size()) return hint;
    if (push_site(at, site, site.keys.size() - 1)) {
        int object = lua_gettop(L);
        lua_getinfo(L, "f", callee);
        bool native = lua_iscfunction(L, -1);
        bool method = false;
        if (!native) {
            lua_pushvalue(L, -1);
            method = wants_self(L);
        }
        // Was it given its object all the same, as in obj.method(obj)?
        lua_settop(L, object);
        bool given = lua_getlocal(L, callee, 1) && lua_rawequal(L, -1, object);
        lua_settop(L, object);
        if (!site.method && !given && whole[name_at - 1] == '.' &&
            (method || (native && is_object(L, object)))) {
            whole[name_at - 1] = ':';
            hint = "call methods with ':', as in " + whole + "(…)";
        } else if (site.method && !is_object(L, object) && lua_istable(L, object) && !method) {
            // A function of a module that got the module as its first argument.
            lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
            bool module = false;
            for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
                module = module || lua_rawequal(L, -1, object);
                if (lua_type(L, -2) != LUA_TSTRING || std::strcmp(lua_tostring(L, -2), "moonlet"))
                    continue;
                for (lua_pushnil(L); lua_istable(L, -2) && lua_next(L, -2); lua_pop(L, 1))
                    module = module || lua_rawequal(L, -1, object);
            }
            whole[name_at - 1] = '.';
            if (module) hint = "functions of a module are called with '.', as in " + whole + "(…)";
        }
    }
    lua_settop(L, top);
    return hint;
}

std::string hint_of_syntax(std::string_view text, std::size_t at) {
    std::string_view here = text.substr(std::min(at, text.size()));
    std::string_view before = text.substr(0, std::min(at, text.size()));
    while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
    char last = before.empty() ? ' ' : before.back();
    if (starts(here, "!=")) return "'~=' is not equal";
    if (starts(here, "!")) return "'not' negates";
    if (starts(here, "&&") || starts(here, "&")) return "'and' joins conditions";
    if (starts(here, "||") || starts(here, "|")) return "'or' joins conditions";
    if (starts(here, "=") && std::strchr("+-*/%", last) && last != ' ')
        return std::string("write x = x ") + last + " …: Lua has no '" + last + "='";
    if (starts(here, "+") && last == '+') return "write x = x + 1: Lua has no '++'";
    if (starts(here, "=") && !starts(here, "==")) {
        std::size_t line = before.rfind('\n');
        std::string_view row = before.substr(line == std::string_view::npos ? 0 : line + 1);
        if (starts(row, "if ") || starts(row, "while ") || starts(row, "elseif "))
            return "'==' compares, '=' assigns";
    }
    if (starts(here, "?")) return "conditions as values: a and b or c";
    return {};
}

}  // namespace moonlet
