-- SPDX-License-Identifier: Apache-2.0
-- json.null: JSON's null as a value that a table can hold. One table, the same for Lua and C++ (the
-- Lua registry keeps it as "moonlet.null"); its metatable says what it is.

local registry = debug.getregistry()

if not registry["moonlet.null"] then
    registry["moonlet.null"] = setmetatable({}, {
        __jsontype = "null",
        __tostring = function() return "null" end,
        __newindex = function() error("json.null cannot be changed", 2) end,
    })
end

return registry["moonlet.null"]
