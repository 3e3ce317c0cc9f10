// SPDX-License-Identifier: Apache-2.0
// The work is done by a Lua chunk of the shell's own, compiled once: it is about tables and
// closures. It runs no metamethod and takes what it needs from Lua's library before any entry runs.
#include "shell/binding_undo.h"

#include <cstring>

#include <lua.hpp>

#include "bindings/lua_state.h"

namespace moonlet {
namespace {

constexpr const char* kChunk = R"lua(
local locals, is_plain, G = ...
local next, rawget, rawset, rawequal, type = next, rawget, rawset, rawequal, type
local setmetatable, tostring, format, sort = setmetatable, tostring, string.format, table.sort
local getupvalue, setupvalue = debug.getupvalue, debug.setupvalue
local KEPT = 20
local weak = { __mode = "v" }

-- A place for values by key: objects weakly, the rest strongly.
local function place() return { {}, setmetatable({}, weak), {} } end
local function put(p, key, value)
    local kind = type(value)
    local object = kind == "userdata" or kind == "cdata" or kind == "thread"
    p[1][key], p[2][key], p[3][key] = nil, nil, value ~= nil or nil
    p[object and 2 or 1][key] = value
end
local function get(p, key)
    local value = p[1][key]
    if value == nil then value = p[2][key] end
    return value
end
local function same(a, b) return rawequal(a, b) or (a ~= a and b ~= b) end

local globals, values, cells = place(), place(), {}
local records, undone, last, ready = {}, {}, nil, false

-- What differs from what was seen last: {name=, had=, value=} for globals; locals have cell= (the
-- closure on the variable, false = there was none). Sees the present.
local function look()
    local list = {}
    for name, value in next, G do
        if not same(get(globals, name), value) then
            list[#list + 1] = { name = name, had = globals[3][name], value = get(globals, name) }
            put(globals, name, value)
        end
    end
    for name in next, globals[3] do
        if rawget(G, name) == nil then
            list[#list + 1] = { name = name, had = true, value = get(globals, name) }
            put(globals, name, nil)
        end
    end
    for name, cell in next, locals do
        local _, value = getupvalue(cell, 1)
        if cells[name] ~= cell or not same(get(values, name), value) then
            list[#list + 1] = { name = name, is_local = true, cell = cells[name] or false,
                had = values[3][name], value = get(values, name) }
            cells[name] = cell
            put(values, name, value)
        end
    end
    for name in next, cells do
        if rawget(locals, name) == nil then
            cells[name] = nil
            put(values, name, nil)
        end
    end
    return list
end

local function let_go(list)
    for _, change in next, list do
        local value = change.value
        if value ~= nil and not (type(value) == "function" or is_plain(value)) then
            change.weak = setmetatable({ value = value, cell = change.cell or nil }, weak)
            change.value = nil
            if change.cell then change.cell = nil end
        end
    end
end

local function begin()
    if not ready then look() ready = true end
    if last then let_go(records[last]) last = nil end
end

local function own(name) return type(name) == "string" and name ~= "_" and name ~= "_err" end

local function changed(number)
    for _, change in next, records[number] or {} do
        if own(change.name) then return true end
    end
    return false
end

local function finish(number)
    records[number], records[number - KEPT] = look(), nil
    if changed(number) then undone = {} end
    last = number
end

local function shown(value)
    local kind = type(value)
    if kind == "number" or kind == "boolean" then return tostring(value) end
    if kind == "string" and #value <= 30 then return format("%q", value) end
    return "what it was"
end

local function apply(list)
    local back, lines = {}, {}
    for _, change in next, list do
        local name, value, cell, lost = change.name, change.value, change.cell, false
        if change.weak then
            value, cell = change.weak.value, change.weak.cell
            lost = value == nil or (change.is_local and not cell)
        elseif value == nil and change.had then
            lost = true
        end
        if lost then
            if own(name) then
                lines[#lines + 1] = name .. " stays: what it was is no longer there"
            end
        elseif not change.is_local then
            back[#back + 1] = { name = name, had = rawget(G, name) ~= nil, value = rawget(G, name) }
            rawset(G, name, value)
            if own(name) then
                lines[#lines + 1] = name .. (value == nil and " is gone"
                    or " is " .. shown(value) .. " again")
            end
        else
            local now = rawget(locals, name)
            local _, held
            if now then _, held = getupvalue(now, 1) end
            back[#back + 1] = { name = name, is_local = true, cell = now or false,
                had = held ~= nil, value = held }
            rawset(locals, name, cell or nil)
            if cell then setupvalue(cell, 1, value) end
            if own(name) then
                lines[#lines + 1] = name .. (cell and " is " .. shown(value) .. " again"
                    or " is gone")
            end
        end
    end
    look()
    sort(lines)
    return back, lines
end

local function undo(number)
    local list = records[number]
    if not list then return end
    local back, lines = apply(list)
    undone[number], records[number] = back, nil
    if last == number then last = nil end
    return lines
end

local function redo(number)
    local list = undone[number]
    if not list then return end
    local back, lines = apply(list)
    records[number], undone[number] = back, nil
    return lines
end

return { look = look, begin = begin, finish = finish, changed = changed, undo = undo, redo = redo }
)lua";

}  // namespace

BindingUndo::BindingUndo(lua_State* L, SessionLocals& locals, int (*is_plain)(lua_State*)) : L_(L) {
    int base = lua_gettop(L);
    bool good = luaL_loadbuffer(L, kChunk, std::strlen(kChunk), "=undo") == 0;
    if (good) {
        locals.push_table();
        lua_pushcfunction(L, is_plain);
        lua_pushvalue(L, LUA_GLOBALSINDEX);
        good = lua_pcall(L, 3, 1, 0) == 0;
    }
    if (good) {
        functions_ = luaL_ref(L, LUA_REGISTRYINDEX);
    } else {
        functions_ = LUA_NOREF;
    }
    lua_settop(L, base);
}

// Leaves the results on the stack; nothing when it failed.
bool BindingUndo::call(const char* name, std::size_t number, int results) const {
    if (functions_ == LUA_NOREF) return false;
    lua_rawgeti(L_, LUA_REGISTRYINDEX, functions_);
    lua_getfield(L_, -1, name);
    lua_remove(L_, -2);
    lua_pushinteger(L_, static_cast<lua_Integer>(number));
    CallStatus status = call_protected(L_, 1, results, nullptr);
    if (status == CallStatus::ok) return true;
    lua_pop(L_, 1);  // a Ctrl-C stays pressed: the entry that comes is the one that was meant
    return false;
}

void BindingUndo::look() { call("look", 0, 0); }

void BindingUndo::begin() { call("begin", 0, 0); }

void BindingUndo::end(std::size_t number) { call("finish", number, 0); }

bool BindingUndo::changed(std::size_t number) const {
    if (!call("changed", number, 1)) return false;
    bool result = lua_toboolean(L_, -1);
    lua_pop(L_, 1);
    return result;
}

BindingUndo::Report BindingUndo::report(const char* name, std::size_t number) {
    Report report;
    if (!call(name, number, 1)) return report;
    report.done = lua_istable(L_, -1);
    for (int i = 1; report.done; ++i) {
        lua_rawgeti(L_, -1, i);
        const char* line = lua_tostring(L_, -1);
        if (line) report.names.push_back(line);
        lua_pop(L_, 1);
        if (!line) break;
    }
    lua_pop(L_, 1);
    return report;
}

BindingUndo::Report BindingUndo::undo(std::size_t number) { return report("undo", number); }

BindingUndo::Report BindingUndo::redo(std::size_t number) { return report("redo", number); }

}  // namespace moonlet
