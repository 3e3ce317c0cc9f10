-- SPDX-License-Identifier: Apache-2.0
-- `--strict`: reading or giving a value to a global that nobody declared is an error that names the
-- nearest one. Declared is what is there when it begins, and what rawset(_G, name, value) makes.
-- Modules out of a Lua tree (share/lua) may do as they like: they were not written for it.

local options = require "moonlet.options"

local strict = {}

-- The shell reads these itself, by raw access; a script may set them.
local FREE = { _PROMPT = true, _PROMPT2 = true }

local function excused()
    local source = debug.getinfo(3, "S")
    return not source or source.what == "C" or source.source:find("share/lua", 1, true) or
        source.source:match "^@?moonlet/[%w_]+%.lua$"
end

local function meant(name)
    local names = {}
    for known in pairs(_G) do
        if type(known) == "string" then names[#names + 1] = known end
    end
    table.sort(names)
    local near = type(name) == "string" and #name > 2 and options.nearest(name, names)
    return near and "; did you mean '" .. near .. "'?" or ""
end

function strict.on()
    local meta = getmetatable(_G) or {}
    if meta.__index or meta.__newindex then return end -- someone watches already
    function meta.__index(_, name)
        if FREE[name] or excused() then return nil end
        error(("global '%s' is not declared%s"):format(tostring(name), meant(name)), 2)
    end
    function meta.__newindex(t, name, value)
        if not (FREE[name] or excused()) then
            local hint = meant(name)
            if hint == "" then
                hint = (": write local %s, or rawset(_G, '%s', …)"):format(tostring(name),
                    tostring(name))
            end
            error(("global '%s' is not declared%s"):format(tostring(name), hint), 2)
        end
        rawset(t, name, value)
    end
    setmetatable(_G, meta)
end

return strict
