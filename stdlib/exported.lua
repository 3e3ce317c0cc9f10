-- SPDX-License-Identifier: Apache-2.0
-- What m:save and models.convert give back: what was written, as one line. It writes nothing.

local class = require "moonlet.class"
local units = require "moonlet.units"

---@class Exported
---@field path string where it was written
---@field format string "hf" or "gguf"
---@field type string of most weights: "bf16", "q8_0" …
---@field bytes number what was written
---@field left_out string[] tensors that the format has no place for
local meta = class("Exported")

function meta.__tostring(self)
    local line = ("%s   %s · %s · %s"):format(self.path, self.format, self.type,
        units.bytes(self.bytes))
    if #self.left_out == 0 then return line end
    local names = table.concat(self.left_out, ", ", 1, math.min(3, #self.left_out))
    local more = #self.left_out > 3 and (" and %d more"):format(#self.left_out - 3) or ""
    return line .. "\nleft out: " .. names .. more
end
