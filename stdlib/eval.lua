-- SPDX-License-Identifier: Apache-2.0
-- What an evaluation gives: a number with the interval that its sample leaves open, and the rows
-- behind it. Made by evals.lua from a statistic over rows, so that any two of the same rows can be
-- compared by a paired bootstrap. It asks no model.

local class = require "moonlet.class"
local session = require "moonlet.session"
local statistics = require "moonlet.statistics"
local text = require "moonlet.text"

---@class Eval
---@field name string the metric: "accuracy", "perplexity", …
---@field model string what was evaluated, "" without one
---@field value number the number itself
---@field n integer rows that it was measured on
---@field ci table {low=, high=, level=0.95, method="wilson"|"bootstrap"}
---@field scores number[] one per row: 1 or 0 for right or wrong, F1 of the row, mean log-likelihood
---@field rows table[] what happened with each row: prediction, answer, score …
local meta, Eval = class("Eval")

local eval = { LEVEL = 0.95, RESAMPLES = 2000, SEED = 1 }

--- Completes `t` {name, scores, rows, statistic = function(indices), proportion?, model?, more?}.
--- The interval is Wilson's for a proportion of rows that are right or wrong, else the percentile
--- bootstrap's. `more` are fields shown behind the number: {{name, value}…}.
function eval.new(t, opts)
    opts = opts or {}
    local level = opts.level or eval.LEVEL
    t.n = #t.scores
    if t.n == 0 then error(t.name .. ": no rows; wanted at least one", 3) end
    local all = {}
    for i = 1, t.n do all[i] = i end
    t.value = t.statistic(all)
    t.model = t.model or ""
    local low, high, method
    if t.proportion then
        local right = 0
        for _, score in ipairs(t.scores) do right = right + score end
        low, high = statistics.wilson(right, t.n, level)
        method = "wilson"
    else
        low, high = statistics.bootstrap(t.statistic, t.n,
            { resamples = opts.resamples or eval.RESAMPLES, seed = opts.seed or eval.SEED,
                level = level })
        method = "bootstrap"
    end
    t.ci = { low = low, high = high, level = level, method = method }
    t.more = t.more or {}
    return setmetatable(t, meta)
end

function eval.is(value) return getmetatable(value) == meta end

local function number(x)
    if x ~= x then return "nan" end
    if math.abs(x) >= 1000 then return ("%.0f"):format(x) end
    if math.abs(x) >= 10 then return ("%.2f"):format(x) end
    return ("%.4f"):format(x)
end
eval.number = number

--- One line: the number, its interval, the rows.
---@return string
function Eval:summary()
    local line = ("%s %s  [%s, %s]  n=%d"):format(self.name, number(self.value),
        number(self.ci.low), number(self.ci.high), self.n)
    for _, pair in ipairs(self.more) do line = line .. " · " .. pair[1] .. " " .. pair[2] end
    if self.model ~= "" then line = line .. " · " .. self.model end
    return line
end

--- The numbers as a plain table, for json.encode or saving.
---@return table
function Eval:table()
    local scores, rows = {}, {}
    for i, score in ipairs(self.scores) do scores[i] = score end
    for i, row in ipairs(self.rows) do
        rows[i] = {}
        for k, v in pairs(row) do rows[i][k] = v end
    end
    return { name = self.name, model = self.model, value = self.value, n = self.n, scores = scores,
        rows = rows, ci = { low = self.ci.low, high = self.ci.high, level = self.ci.level,
        method = self.ci.method } }
end

local function cell(value)
    if type(value) == "number" then
        return value % 1 == 0 and ("%d"):format(value) or number(value)
    end
    if type(value) == "table" then
        local parts = {}
        for i, v in ipairs(value) do parts[i] = cell(v) end
        return table.concat(parts, " | ")
    end
    return (tostring(value):gsub("%s+", " "))
end

local SHOWN = 8 -- rows of the table

function meta.__tostring(self)
    local lines, columns = { self:summary() }, self.columns or {}
    if #self.rows == 0 or #columns == 0 then return lines[1] end
    local shown = { columns }
    for i = 1, math.min(SHOWN, #self.rows) do
        shown[i + 1] = {}
        for c, name in ipairs(columns) do
            local value = self.rows[i][name]
            shown[i + 1][c] = value == nil and "" or cell(value)
        end
    end
    local room = math.max(8, math.floor((session.width - 2 * #columns - 2) / #columns))
    local widths = {}
    for _, row in ipairs(shown) do
        for c, value in ipairs(row) do
            widths[c] = math.max(widths[c] or 0, math.min(room, text.width(value)))
        end
    end
    for _, row in ipairs(shown) do
        local cells = {}
        for c, value in ipairs(row) do
            cells[c] = text.pad(text.cut(value, widths[c]), widths[c])
        end
        lines[#lines + 1] = "  " .. table.concat(cells, "  "):gsub("%s+$", "")
    end
    if #self.rows > SHOWN then
        lines[#lines + 1] = ("  … %d more rows in .rows"):format(#self.rows - SHOWN)
    end
    return table.concat(lines, "\n")
end

---@class EvalDifference
---@field value number a's number less b's
---@field ci table {low=, high=, level=0.95, method="paired bootstrap"}
---@field p number two-sided: how often a difference of the other sign came up, twice
---@field n integer rows
local difference_meta = class("EvalDifference")

function difference_meta.__tostring(self)
    return ("%s %s - %s = %s  [%s, %s]  p=%.4f  n=%d"):format(self.name, number(self.a),
        number(self.b), number(self.value), number(self.ci.low), number(self.ci.high), self.p,
        self.n)
end

--- Both statistics on the same resampled rows, many times.
function eval.difference(a, b, opts)
    local low, high, values = statistics.bootstrap(function(indices)
        return a.statistic(indices) - b.statistic(indices)
    end, a.n, opts)
    local below, above = 0, 0
    for _, value in ipairs(values) do
        if value <= 0 then below = below + 1 end
        if value >= 0 then above = above + 1 end
    end
    -- One is added to both: a p of zero cannot come from finitely many resamples.
    local p = math.min(1, 2 * (math.min(below, above) + 1) / (#values + 1))
    return setmetatable({ name = a.name, a = a.value, b = b.value, value = a.value - b.value,
        n = a.n, p = p, resamples = #values, seed = opts.seed,
        ci = { low = low, high = high, level = opts.level, method = "paired bootstrap" } },
        difference_meta)
end

return eval
