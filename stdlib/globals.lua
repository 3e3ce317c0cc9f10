-- SPDX-License-Identifier: Apache-2.0
-- Puts the fields of require "moonlet", and `moonlet` itself, into _G: all that moonlet adds there,
-- and nothing in it is replaced. The shell runs this once when it opens a state.

local moonlet = require "moonlet"

for name, value in pairs(moonlet) do
    if name:sub(1, 1) ~= "_" and rawget(_G, name) == nil then rawset(_G, name, value) end
end
rawset(_G, "moonlet", moonlet)

return moonlet
