-- SPDX-License-Identifier: Apache-2.0
-- What Lua adds to the native class Dataset: how it prints, iter, batch, and group's result. It
-- reads no file and counts nothing: a big file prints with an estimate of its rows.

local box = require "moonlet.box"
local class = require "moonlet.class"
local null = require "moonlet.null"
local session = require "moonlet.session"
local text = require "moonlet.text"

local meta, Dataset = class("Dataset")

local SHOWN = 8 -- rows of a longer dataset, the last LAST of them from its end where that is known
local LAST = 3
local SAMPLE = 1000 -- rows that the widths of a whole table are taken from

-- ---- columns: a list of {name=, type=} that also answers by name

local columns_meta = class("Columns")

function columns_meta.__index(self, name)
    for _, column in ipairs(self) do
        if column.name == name then return column.type end
    end
end

function columns_meta.__tostring(self)
    local parts = {}
    for i, column in ipairs(self) do parts[i] = column.name .. ": " .. column.type end
    return table.concat(parts, ", ")
end

-- ---- printing

local function cell(value)
    if value == nil or value == null then return "null" end
    if type(value) == "table" then return require("moonlet").json.encode(value) end
    if type(value) == "number" then return ("%.14g"):format(value) end
    return tostring(value)
end

local function bytes_text(n)
    if n < 1e3 then return ("%d B"):format(n) end
    if n < 1e6 then return ("%.0f kB"):format(n / 1e3) end
    if n < 1e9 then return ("%.1f MB"):format(n / 1e6) end
    return ("%.1f GB"):format(n / 1e9)
end

local function counted(n, what)
    return text.thousands(n) .. " " .. what .. (n == 1 and "" or "s")
end

local function foot_of(self, shown)
    local n, certain = self:estimate()
    local rows = certain and counted(n, "row") or ("about %s"):format(counted(n, "row"))
    if not certain then rows = rows .. ", " .. bytes_text(self.bytes) end
    local foot = { n > shown and ("%s (%d shown)"):format(rows, shown) or rows }
    if self.format then foot[#foot + 1] = self.format end
    if self.seed then foot[#foot + 1] = ("seed %.0f"):format(self.seed) end
    if certain and self.skipped > 0 then
        foot[#foot + 1] = counted(self.skipped, "broken row") .. " skipped"
    end
    return foot
end

local function cells_of(self, i)
    local row = self[i]
    if row == nil then return nil end
    local cells = {}
    for c, column in ipairs(self.columns) do cells[c] = cell(row[column.name]) end
    return cells
end

local function draw(self)
    local n, certain = self:estimate()
    local rows, shown, problem = {}, 0, nil
    local all = certain and n <= SHOWN + 2
    local first = all and n or certain and SHOWN - LAST or SHOWN
    local function add(from, to)
        for i = from, to do
            local ok, cells = pcall(cells_of, self, i)
            if not ok then problem = problem or cells end
            if not ok or cells == nil then return end
            rows[#rows + 1], shown = cells, shown + 1
        end
    end
    add(1, first)
    if certain and not all and shown == first then
        local gap = {}
        for c = 1, #self.columns do gap[c] = text.unicode() and "…" or "..." end
        rows[#rows + 1] = gap
        add(n - LAST + 1, n)
    end
    local lines = { box.draw { columns = self.columns, rows = rows, foot = foot_of(self, shown) } }
    if self.name ~= "" then table.insert(lines, 1, "dataset " .. self.name) end
    if problem then lines[#lines + 1] = tostring(problem) end
    return table.concat(lines, "\n")
end

-- All rows as pieces of text, for a pager (stdlib/last.lua).
local function whole(self)
    local sample, i = {}, 0
    while #sample < SAMPLE do
        local cells = cells_of(self, #sample + 1)
        if cells == nil then break end
        sample[#sample + 1] = cells
    end
    session.whole = true
    local ok, next_piece = pcall(box.pieces, self.columns, sample, function()
        i = i + 1
        return sample[i] or cells_of(self, i)
    end, function() return foot_of(self, i - 1) end)
    session.whole = false
    if not ok then error(next_piece, 0) end
    return next_piece
end

function meta.__tostring(self)
    local ok, drawn = pcall(draw, self)
    if ok then return drawn end
    if tostring(drawn):find("released", 1, true) then return "dataset (released)" end
    return "dataset: " .. tostring(drawn)
end

-- ---- going through it

local function iterate(self)
    local i = 0
    return function()
        i = i + 1
        local row = self[i]
        if row ~= nil then return i, row end
    end
end

--- Goes through the rows: for i, row in ds:iter() do … end; pairs(ds) and ipairs(ds) do the same.
---@return function
--- Example: for i, row in ds:iter() do print(i, row.text) end
function Dataset:iter() return iterate(self) end

meta.__pairs = iterate
meta.__ipairs = iterate

--- Goes through the rows n at a time: for rows in ds:batch(32) do … end; the last list may be
--- shorter.
---@param n integer rows of a list
---@return function
--- Example: for rows in ds:batch(2) do print(#rows) end
function Dataset:batch(n)
    if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
        error("Dataset:batch: " .. tostring(n) .. " rows a batch; wanted 1, 2, 3, …", 2)
    end
    local i = 0
    return function()
        local rows = {}
        while #rows < n do
            local row = self[i + 1]
            if row == nil then break end
            i = i + 1
            rows[#rows + 1] = row
        end
        if #rows > 0 then return rows end
    end
end

-- For completion, which reads no file and calls no function of the user's.
meta.__known_columns = require("moonlet_base").functions["_dataset.known_columns"]

-- ---- group: a table value -> dataset whose pairs() keeps the order of first appearance

local function group_table(pairs_)
    local groups = {}
    for _, pair in ipairs(pairs_) do groups[pair[1]] = pair[2] end
    return setmetatable(groups, {
        __name = "Groups",
        __len = function() return #pairs_ end,
        __pairs = function()
            local i = 0
            return function()
                i = i + 1
                if pairs_[i] then return pairs_[i][1], pairs_[i][2] end
            end
        end,
        __tostring = function()
            local rows = {}
            for i, pair in ipairs(pairs_) do rows[i] = { cell(pair[1]), tostring(#pair[2]) } end
            return box.draw { columns = { { name = "value" }, { name = "rows", type = "integer" } },
                rows = rows, foot = { counted(#pairs_, "group") } }
        end,
    })
end

local native_group = Dataset.group

function Dataset:group(key) return group_table(native_group(self, key)) end

return { box_cell = cell, whole = whole, counted = counted, bytes_text = bytes_text }
