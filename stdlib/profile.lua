-- SPDX-License-Identifier: Apache-2.0
-- `:profile code`: where its time goes, as one tree of Lua functions and calls into the engine. Lua
-- is sampled by LuaJIT's profiler; each call of a native function is timed, for as long as a
-- profile runs its entry in the class is a function that does so. Every moment between two events
-- (a sample, a native call's begin or end) counts for what stands on the stack at the later one, so
-- the whole is the time that passed. What the kernels inside one native call do is not divided.

local clock = require "moonlet.clock"
local session = require "moonlet.session"
local text = require "moonlet.text"
local timing = require "moonlet.timing"

local profile = {}

local MAX_DEPTH = 60
local state -- of the profile that runs: {root=, last=, open=, levels=, replaced=}

local function node(parent, name)
    local child = parent.children[name]
    if not child then
        child = { name = name, own = 0, calls = 0, children = {} }
        parent.children[name] = child
    end
    return child
end

local own = "^@?moonlet/profile%.lua$"

-- Names of the Lua functions on the stack of `thread` (nil: the running one), the outermost first;
-- only those above the profiled call, or above the native call that is open.
local function stack(thread, level)
    local names, frames = {}, 0
    while frames < MAX_DEPTH do
        local info
        if thread then info = debug.getinfo(thread, level, "Sn")
        else info = debug.getinfo(level, "Sn") end
        if not info then break end
        if info.what ~= "C" then
            if info.source:match(own) then break end
            local place = info.short_src .. ":" .. info.linedefined
            local name = info.what == "main" and info.short_src or (info.name or "function")
            names[#names + 1] = name .. "  " .. place
        end
        level, frames = level + 1, frames + 1
    end
    local top = state.open[#state.open] or state.root
    for i = #names, 1, -1 do top = node(top, names[i]) end
    return top
end

local function spend(where)
    local now = clock.now()
    where.own = where.own + (now - state.last)
    state.last = now
end

local LEAVES = { G = "(garbage collector)", J = "(compiler)" }

local function sample(thread, _, vm)
    if not state then return end
    local where = stack(thread, 0)
    if LEAVES[vm] then where = node(where, LEAVES[vm]) end
    spend(where)
end

local function leave(depth, ...)
    if state and #state.open >= depth then
        spend(state.open[#state.open])
        for i = #state.open, depth, -1 do state.open[i] = nil end
    end
    return ...
end

local function timed(name, f)
    return function(...)
        if not state then return f(...) end
        local caller = stack(nil, 3)
        spend(caller)
        local here = node(caller, name)
        here.calls = here.calls + 1
        local depth = #state.open + 1
        state.open[depth] = here
        return leave(depth, f(...))
    end
end

-- Puts timed functions in the place of native ones: methods of classes, functions of modules.
local function watch(owner, prefix)
    for name, f in pairs(owner) do
        if type(name) == "string" and type(f) == "function" and
            debug.getinfo(f, "S").what == "C" then
            state.replaced[#state.replaced + 1] = { owner, name, f }
            rawset(owner, name, timed(prefix .. name, f))
        end
    end
end

local function watch_all()
    for key, class in pairs(debug.getregistry()) do
        local name = type(key) == "string" and key:match "^moonlet%.(%u%w*)$"
        if name and type(class) == "table" and type(rawget(class, "__methods")) == "table" then
            watch(class.__methods, name .. ":")
        end
    end
    for name, module in pairs(require "moonlet") do
        if type(module) == "table" and name:match "^%l" then watch(module, name .. ".") end
    end
end

--- Runs f with the profiler on.
function profile.run(f)
    profile.stop()
    require("moonlet")._native("base", "json.encode")
    state = { root = node({ children = {} }, "all"), open = {}, replaced = {} }
    watch_all()
    state.last = clock.now()
    require("jit.profile").start("li1", sample)
    f()
    spend(state.root)
end

--- Ends a profile that an error or Ctrl-C left running, and puts the native functions back.
function profile.stop()
    require("jit.profile").stop()
    if not state then return end
    for _, entry in ipairs(state.replaced) do rawset(entry[1], entry[2], entry[3]) end
    profile.last, state = state.root, nil
end

local function total(of)
    local sum = of.own
    for _, child in pairs(of.children) do sum = sum + total(child) end
    of.total = sum
    return sum
end

local function rows(of, whole, depth, out)
    local list, hidden = {}, 0
    for _, child in pairs(of.children) do
        if child.total >= 0.01 * whole then list[#list + 1] = child else hidden = hidden + 1 end
    end
    table.sort(list, function(a, b)
        if a.total ~= b.total then return a.total > b.total end
        return a.name < b.name
    end)
    for _, child in ipairs(list) do
        local share = ("%3.0f %% %3.0f %%"):format(100 * child.total / whole,
            100 * child.own / whole)
        local calls = child.calls > 0 and "  ×" .. child.calls or ""
        local figures = session.width >= 50 and ("%9s %s"):format(timing.seconds(child.total),
            share) or share:match "^%s*%d+ %%"
        out[#out + 1] = text.cut(figures .. " " .. ("  "):rep(depth) .. child.name .. calls,
            session.width)
        rows(child, whole, depth + 1, out)
    end
    return out
end

--- The tree of the last profile as text: time with what was called, per cent of the whole, per
--- cent of it alone, name and place; what is below 1 % is left out.
function profile.report()
    profile.stop()
    local root = profile.last
    if not root then return "nothing was profiled" end
    local whole = total(root)
    local head = session.width >= 50 and "    total   all  self" or "  all"
    local out = rows(root, math.max(whole, 1e-9), 0, { head })
    out[#out + 1] = "whole " .. timing.seconds(whole)
    return table.concat(out, "\n")
end

return profile
