-- SPDX-License-Identifier: Apache-2.0
-- What m:next(text, {top=5}) gives: the most likely next tokens as rows that print as bars.
--     next.new{{id=, text=, probability=, logprob=}, …}
-- Rows are indexable (n[1].text); the first is the most likely. It computes nothing.

local class = require "moonlet.class"
local text = require "moonlet.text"
local bars = require "moonlet.bars"

---@class NextTokens
---@field [integer] {id: integer, text: string, probability: number, logprob: number}
local meta, NextTokens = class("NextTokens")

--- The rows as a plain array of plain tables.
---@return table[] rows {id=, text=, probability=, logprob=}, most likely first
--- Example: m:next("Once upon a", {top=3}):table()[1].text
function NextTokens:table()
    local rows = {}
    for i, row in ipairs(self) do
        rows[i] = { id = row.id, text = row.text, probability = row.probability,
            logprob = row.logprob }
    end
    return rows
end

function meta.__tostring(self)
    if #self == 0 then return "no next token" end
    local rows = {}
    for i, row in ipairs(self) do
        rows[i] = {
            cells = { text.cut(text.quote(row.text), 32), tostring(row.id),
                ("%.1f%%"):format(100 * row.probability) },
            value = row.probability,
        }
    end
    return bars.table(rows, { right = { [2] = true, [3] = true } })
end

return { new = function(rows) return setmetatable(rows, meta) end }
