-- SPDX-License-Identifier: Apache-2.0
-- One metatable per class, shared by Lua and C++: it lives in the Lua registry as
-- "moonlet.<Class>", where luaL_newmetatable puts and luaL_checkudata finds it. Whoever comes first
-- makes it.
--     local meta, Chat = require("moonlet.class")("Chat")
-- gives the metatable and the table that methods are written into. The methods are also
-- meta.__methods, and meta.__index, unless C++ put a function there (fields first, then __methods).
-- It knows no class.

local registry = debug.getregistry()

return function(name)
    local key = "moonlet." .. name
    local meta = registry[key]
    if not meta then
        meta = {}
        registry[key] = meta
    end
    meta.__name = meta.__name or name
    local methods = meta.__methods
    if not methods then
        methods = type(meta.__index) == "table" and meta.__index or {}
        meta.__methods = methods
    end
    if meta.__index == nil then meta.__index = methods end
    return meta, methods
end
