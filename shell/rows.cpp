// SPDX-License-Identifier: Apache-2.0
#include "shell/rows.h"

#include <lua.hpp>

#include "bindings/lua_state.h"

namespace moonlet {
namespace {

// A field of the table on the top, raw, as text; numbers and booleans are spelled out.
std::string text_field(lua_State* L, const char* name) {
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    std::string text;
    if (lua_type(L, -1) == LUA_TBOOLEAN) {
        text = lua_toboolean(L, -1) ? "true" : "false";
    } else if (const char* given = lua_tostring(L, -1)) {
        text = given;
    }
    lua_pop(L, 1);
    return text;
}

std::vector<RowField> field_list(lua_State* L, const char* name) {
    std::vector<RowField> fields;
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_istable(L, -1)) {
        for (int i = 1;; ++i) {
            lua_rawgeti(L, -1, i);
            if (!lua_istable(L, -1)) break;
            fields.push_back({text_field(L, "name"), text_field(L, "type"),
                              text_field(L, "default"), text_field(L, "doc"),
                              text_field(L, "optional") == "true"});
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return fields;
}

int read_rows(lua_State* L) {
    auto* rows = static_cast<std::vector<HelpRow>*>(lua_touserdata(L, 1));
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_getfield(L, -1, "moonlet.registry");
    if (lua_isnil(L, -1)) return 0;  // a build without the stdlib
    lua_pushliteral(L, "moonlet.registry");
    lua_call(L, 1, 1);  // straight from preload: a `require` replaced by the user does not matter
    lua_getfield(L, -1, "rows");
    for (int i = 1;; ++i) {
        lua_rawgeti(L, -1, i);
        if (!lua_istable(L, -1)) break;
        HelpRow row;
        row.name = text_field(L, "name");
        row.params = field_list(L, "params");
        row.options = field_list(L, "options");
        row.result = text_field(L, "result");
        row.doc = text_field(L, "doc");
        row.example = text_field(L, "example");
        row.library = text_field(L, "library");
        rows->push_back(std::move(row));
        lua_pop(L, 1);
    }
    return 0;
}

}  // namespace

const std::vector<HelpRow>& Rows::all() {
    if (!read_) {
        read_ = true;
        if (lua_cpcall(L_, read_rows, &rows_) != 0) lua_pop(L_, 1);
    }
    return rows_;
}

const HelpRow* Rows::find(std::string_view name) {
    for (const HelpRow& row : all()) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

std::vector<const HelpRow*> Rows::members(std::string_view owner) {
    std::vector<const HelpRow*> found;
    for (const HelpRow& row : all()) {
        if (row.name.size() <= owner.size() + 1 || row.name.compare(0, owner.size(), owner) != 0)
            continue;
        char divider = row.name[owner.size()];
        if (divider == '.' || divider == ':') found.push_back(&row);
    }
    return found;
}

std::string signature(const HelpRow& row) {
    std::string text = row.name + "(";
    for (std::size_t i = 0; i < row.params.size(); ++i) {
        const RowField& param = row.params[i];
        text += (i ? ", " : "") + param.name + (param.optional ? "?" : "");
        if (!param.type.empty()) text += ": " + param.type;
    }
    text += ")";
    if (!row.result.empty()) text += " -> " + row.result;
    return text;
}

}  // namespace moonlet
