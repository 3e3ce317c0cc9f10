-- SPDX-License-Identifier: Apache-2.0
-- What a search found: a plain list of hits, best first, that prints as a numbered list with score,
-- source, span and the text's beginning; hits.query is what was asked. A hit is a plain table.
-- It searches nothing.

local class = require "moonlet.class"
local session = require "moonlet.session"
local text = require "moonlet.text"

---@class Hit
---@field text string the passage
---@field score number of the retriever's kind: BM25, cosine, or fused ranks (hybrid)
---@field id any the row's id column, else the number of the document
---@field source string the row's source column, else "text N"
---@field span integer[] {first, last}: bytes of the passage in its document, 1-based, inclusive
---@field row table the other columns of the row
---@field headers? string[] the headings above it (split by markdown)
---@field bm25? table {rank=, score=} where the words found it
---@field dense? table {rank=, score=} where the vectors found it
---@field document integer number of the document
---@field passage integer number of the passage in the retriever
local hit_meta = class("Hit")

---@class Hits
---@field query string what was asked
local meta, Hits = class("Hits")

local hits = {}

local function one_line(passage, columns)
    return text.cut((passage:gsub("%s+", " ")), columns)
end

-- The score and, where ranks were fused, the place in each leg that found it.
local function score_text(hit)
    local legs = {}
    for _, name in ipairs { "bm25", "dense" } do
        local leg = hit[name]
        if leg and leg.score ~= hit.score then legs[#legs + 1] = name .. " #" .. leg.rank end
    end
    return ("%.4g"):format(hit.score) .. (#legs > 0 and "  " .. table.concat(legs, ", ") or "")
end

local function place(hit)
    local name = hit.source .. ":" .. hit.span[1] .. "-" .. hit.span[2]
    if hit.headers then name = name .. "  " .. table.concat(hit.headers, " > ") end
    return name
end

hit_meta.__prose = true
function hit_meta.__tostring(self)
    return ("%s  %s\n%s"):format(score_text(self), place(self), self.text)
end

function meta.__tostring(self)
    if #self == 0 then return "no hits" end
    local lines, width = {}, math.max(40, session.width)
    for i, hit in ipairs(self) do
        lines[#lines + 1] = ("%2d. %s  %s"):format(i, score_text(hit), place(hit))
        lines[#lines + 1] = "    " .. one_line(hit.text, width - 4)
    end
    return table.concat(lines, "\n")
end

--- A plain copy: a list of tables without metatables.
---@return table[]
function Hits:table()
    local copy = {}
    for i, hit in ipairs(self) do
        copy[i] = {}
        for k, v in pairs(hit) do copy[i][k] = v end
    end
    return copy
end

--- Gives a list of hits, and each hit, the way it prints.
function hits.new(list, query)
    for _, hit in ipairs(list) do setmetatable(hit, hit_meta) end
    list.query = query
    return setmetatable(list, meta)
end

return hits
