-- SPDX-License-Identifier: Apache-2.0
-- What m:adapters() gives: a list of rows {name=, rank=, alpha=, parameters=, active=, …} that
-- prints as a table, those that are on marked by a star. It computes nothing.

local class = require "moonlet.class"
local text = require "moonlet.text"
local units = require "moonlet.units"

---@class AdapterList
---@field [integer] table name rank alpha rslora dropout targets layers parameters active weight …
local meta, AdapterList = class("AdapterList")

local adapters = {}

local function state(row)
    local words = {}
    if row.merged then words[#words + 1] = "merged" end
    if row.active then
        words[#words + 1] = row.weight == 1 and "on" or ("on, weight %g"):format(row.weight)
    end
    if #words == 0 then words[1] = "off" end
    if row.other_base then words[#words + 1] = "made for another base" end
    return table.concat(words, ", ")
end

--- The rows as a plain array of plain tables.
---@return table[] rows name rank alpha rslora dropout targets layers parameters active merged base
--- Example: m:adapters():table()
function AdapterList:table()
    local rows = {}
    for i, row in ipairs(self) do
        rows[i] = {}
        for key, value in pairs(row) do rows[i][key] = value end
    end
    return rows
end

function meta.__tostring(self)
    if #self == 0 then return "no adapters" end
    local lines = { { "", "adapter", "rank", "alpha", "params", "state", "targets" } }
    for _, row in ipairs(self) do
        lines[#lines + 1] = { row.active and "*" or "", row.name, ("%d"):format(row.rank),
            ("%g"):format(row.alpha), units.count(row.parameters), state(row), row.targets }
    end
    local widths = {}
    for _, line in ipairs(lines) do
        for i, cell in ipairs(line) do
            widths[i] = math.max(widths[i] or 1, text.width(cell))
        end
    end
    local out = {}
    for _, line in ipairs(lines) do
        local cells = {}
        for i, cell in ipairs(line) do
            cells[i] = i == #line and text.cut(cell, 50)
                or text.pad(cell, widths[i], i > 2 and i < 6)
        end
        out[#out + 1] = table.concat(cells, "  ")
    end
    return table.concat(out, "\n")
end

--- Gives native rows the metatable.
function adapters.new(rows)
    return setmetatable(rows, meta)
end

return adapters
