-- SPDX-License-Identifier: Apache-2.0
-- How a review of a dataset prints: a line for each thing that was looked at, the worst of each
-- with row numbers. The Review is a plain table (r.duplicates.groups[1], r.suspicious[1].why, …),
-- and json.encode takes it. It looks at no row.

local bars = require "moonlet.bars"
local class = require "moonlet.class"
local session = require "moonlet.session"
local text = require "moonlet.text"
local dataset = require "moonlet.dataset"

---@class Review
---@field rows integer rows looked at
---@field skipped integer broken rows left out when loading
---@field format string? the training format
---@field text string what was taken for a row's text
---@field columns table[] {name=, type=, empty=}
---@field lengths table bytes and tokens: {min=, mean=, median=, p95=, max=, total=, longest=row}
---@field duplicates table {rows=, groups={{row, row, …}, …}}: same text but for white space
---@field near table? {rows=, pairs={{a=, b=, similarity=}, …}, threshold=, looked_at=}
---@field labels table? {column=, values={{value=, rows=, share=}, …}, balance=0..1}
---@field empty table[] {row=, column=}
---@field suspicious table[] {row=, why=}
---@field leakage table[]? {split=, exact={{row=, other=}}, near={{row=, other=, similarity=}}}
local meta, Review = class("Review")

meta.__keys = { "name", "rows", "skipped", "format", "text", "columns", "lengths", "duplicates",
    "near", "labels", "empty", "suspicious", "leakage" }

local LISTED = 6 -- examples of a kind, labels shown times two

local function listed(items, show)
    local parts = {}
    for i = 1, math.min(#items, LISTED) do parts[i] = show(items[i]) end
    if #items > LISTED then parts[#parts + 1] = text.unicode() and "…" or "..." end
    return table.concat(parts, ", ")
end

local function lengths_line(l, unit)
    if not l.min then return "no rows" end
    local total = unit == "bytes" and dataset.bytes_text(l.total) or text.thousands(l.total)
    return ("%s to %s (row %d) · median %s · 95%% up to %s · %s in all"):format(
        text.thousands(l.min), text.thousands(l.max), l.longest, text.thousands(l.median),
        text.thousands(l.p95), total)
end

-- One line a kind; what differs from row to row (another row's number, bytes) is said of one alone.
local function suspicious_lines(list, add)
    local kinds, order = {}, {}
    for _, item in ipairs(list) do
        local kind = item.why:gsub("row %d+$", "an earlier row"):gsub("^%d+ bytes", "far too long")
        if not kinds[kind] then
            kinds[kind] = { why = item.why }
            order[#order + 1] = kind
        end
        table.insert(kinds[kind], item.row)
    end
    for i, kind in ipairs(order) do
        local rows = kinds[kind]
        add(i == 1 and "suspicious" or "", ("%s: %s (%s %s)"):format(
            dataset.counted(#rows, "row"), #rows == 1 and rows.why or kind,
            #rows == 1 and "row" or "rows", listed(rows, tostring)))
    end
    if #order == 0 then add("suspicious", "nothing") end
end

local function label_lines(labels, add)
    add("labels", ("%s: %s · balance %.2f (1 = even)"):format(labels.column,
        dataset.counted(#labels.values, "value"), labels.balance))
    local rows = {}
    for i = 1, math.min(#labels.values, 2 * LISTED) do
        local v = labels.values[i]
        rows[i] = { cells = { text.cut(dataset.box_cell(v.value), 32), text.thousands(v.rows),
            ("%.1f%%"):format(100 * v.share) }, value = v.share }
    end
    local scale = labels.values[1] and labels.values[1].share or 1
    local drawn = bars.table(rows,
        { right = { [2] = true, [3] = true }, scale = scale, width = 16 })
    for line in drawn:gmatch("[^\n]+") do add("", line) end
    if #labels.values > 2 * LISTED then
        add("", ("and %s more"):format(text.thousands(#labels.values - 2 * LISTED)))
    end
end

local function leakage_lines(leakage, add)
    for _, split in ipairs(leakage) do
        local function pair(p)
            return ("%d = %d"):format(p.row, p.other)
                .. (p.similarity and (" (%.2f)"):format(p.similarity) or "")
        end
        add("leakage", ("%s: %s the same%s"):format(split.split,
            dataset.counted(#split.exact, "row"),
            #split.exact > 0 and " (" .. listed(split.exact, pair) .. ")" or ""))
        if #split.near > 0 then
            add("", ("%s: %s nearly (%s)"):format(split.split,
                dataset.counted(#split.near, "row"), listed(split.near, pair)))
        end
    end
end

function meta.__tostring(self)
    local lines = {}
    local function add(what, line)
        if not text.unicode() then line = line:gsub(" · ", ", ") end
        lines[#lines + 1] = text.cut("  " .. text.pad(what, 11) .. line, session.width)
    end
    lines[1] = text.cut("review" .. (self.name ~= "" and " of " .. self.name or ""), session.width)
    local rows = dataset.counted(self.rows, "row")
    if self.format then rows = rows .. " · " .. self.format end
    if self.skipped > 0 then
        rows = rows .. (" · %s skipped"):format(dataset.counted(self.skipped, "broken row"))
    end
    add("rows", rows)
    local columns = {}
    for i, c in ipairs(self.columns) do
        columns[i] = c.name .. " " .. c.type
            .. (c.empty > 0 and (" (%s empty)"):format(text.thousands(c.empty)) or "")
    end
    add("columns", table.concat(columns, ", "))
    add("text", self.text)
    add("bytes", lengths_line(self.lengths.bytes, "bytes"))
    if self.lengths.tokens then add("tokens", lengths_line(self.lengths.tokens, "tokens")) end
    if self.labels then label_lines(self.labels, add) end
    local d = self.duplicates
    add("duplicates", d.rows == 0 and "none" or ("%s the same as an earlier one (rows %s)"):format(
        dataset.counted(d.rows, "row"), listed(d.groups, function(g)
            return table.concat(g, " = ", 1, math.min(#g, 4))
        end)))
    if self.near then
        local n = self.near
        add("near", n.rows == 0 and ("none of %.2f and more"):format(n.threshold)
            or ("%s of %.2f and more (rows %s)"):format(dataset.counted(n.rows, "pair"),
                n.threshold, listed(n.pairs, function(p)
                    return ("%d ~ %d %.2f"):format(p.a, p.b, p.similarity)
                end)))
        if n.looked_at < self.rows then
            add("", ("among the first %s"):format(dataset.counted(n.looked_at, "row")))
        end
    end
    add("empty", #self.empty == 0 and "none" or ("%s without text (%s)"):format(
        dataset.counted(#self.empty, "place"), listed(self.empty, function(e)
            return ("row %d %s"):format(e.row, e.column)
        end)))
    suspicious_lines(self.suspicious, add)
    if self.leakage then leakage_lines(self.leakage, add) end
    return table.concat(lines, "\n")
end

--- The review as a plain table, for json.encode or saving.
---@return table
--- Example: ds:review():table().rows
function Review:table()
    local copy = {}
    for k, v in pairs(self) do copy[k] = v end
    return copy
end

local _, Dataset = class("Dataset")
local native_review = Dataset.review

function Dataset:review(opts)
    local report, result = native_review(self, opts), {}
    for k, v in pairs(report) do result[k] = v end
    result.name = self.name
    return setmetatable(result, meta)
end

return Review
