-- SPDX-License-Identifier: Apache-2.0
-- What Lua adds to the native class Trainer: what it returns prints as people read it (an estimate
-- as a table, an evaluation as a line), and t:plot() draws the history. It computes nothing.

local class = require "moonlet.class"
local clock = require "moonlet.clock"
local plots = require "moonlet.plots"
local session = require "moonlet.session"
local text = require "moonlet.text"

local _, Trainer = class("Trainer")
local native_evaluate, native_estimate = Trainer.evaluate, Trainer.estimate
local native_run = Trainer.run
local REDRAW = 0.25 -- seconds between two drawings of a live plot

local function bytes(n)
    if n >= 1e9 then return ("%.2f GB"):format(n / 1e9) end
    if n >= 1e6 then return ("%.0f MB"):format(n / 1e6) end
    return ("%.0f kB"):format(n / 1e3)
end

local function count(n)
    if n >= 1e9 then return ("%.2f G"):format(n / 1e9) end
    if n >= 1e6 then return ("%.2f M"):format(n / 1e6) end
    if n >= 1e4 then return ("%.1f k"):format(n / 1e3) end
    return ("%d"):format(n)
end

local function duration(s)
    if s < 90 then return ("%.3g s"):format(s) end
    if s < 5400 then return ("%.0f min"):format(s / 60) end
    return ("%.1f h"):format(s / 3600)
end

---@class Evaluation
---@field loss number mean over the tokens (or rows) that count
---@field perplexity number
---@field accuracy number part of them of which the most likely answer was right
---@field counted integer
local evaluation = class("Evaluation")

function evaluation.__tostring(self)
    return ("loss %.4f · perplexity %.4g · accuracy %.1f%% · over %s answers"):format(self.loss,
        self.perplexity, 100 * self.accuracy, count(self.counted))
end

function Trainer:evaluate(rows)
    return setmetatable(native_evaluate(self, rows), evaluation)
end

---@class TrainingEstimate
---@field memory table[] {name=, bytes=, what=}: they add up to total_bytes
---@field total_bytes number the process at its worst moment
---@field free_bytes number what the machine has left now
---@field moment string when the worst moment is
---@field parameters integer
---@field trained integer
---@field steps integer
---@field tokens integer
---@field seconds number 0 = not measured
local estimate = class("TrainingEstimate")

function estimate.__tostring(self)
    local rows, widths = {}, { 0, 0 }
    local function add(name, value, what)
        rows[#rows + 1] = { name, value, what }
        widths[1] = math.max(widths[1], text.width(name))
        widths[2] = math.max(widths[2], text.width(value))
    end
    local most = self.memory[1]
    for _, part in ipairs(self.memory) do
        if part.bytes > most.bytes and part.name ~= "program" then most = part end
    end
    for _, part in ipairs(self.memory) do
        if part.bytes >= 5e2 then
            add(part.name, bytes(part.bytes), part.what .. (part == most and " (the most)" or ""))
        end
    end
    add("in all", bytes(self.total_bytes), ("at its worst, %s; %s free now"):format(self.moment,
        bytes(self.free_bytes)))
    add("trains", count(self.trained), ("of %s parameters"):format(count(self.parameters)))
    add("reads", count(self.tokens), ("tokens in %d steps"):format(self.steps))
    add("takes", self.seconds > 0 and duration(self.seconds) or "?",
        self.seconds > 0 and "by " .. self.seconds_by or self.seconds_by)
    local lines = {}
    for i, row in ipairs(rows) do
        lines[i] = (text.pad(row[1], widths[1]) .. "  " .. text.pad(row[2], widths[2], true)
            .. "  " .. row[3]):gsub("%s+$", "")
    end
    return table.concat(lines, "\n")
end

function Trainer:estimate()
    return setmetatable(native_estimate(self), estimate)
end

--- Draws a column of the history, the loss by default, and what held-out rows said.
---@param what? string another column of t.history: "lr", "grad_norm", "tokens_per_second" …
---@return Plot
--- Example: t:run(); print(t:plot())
function Trainer:plot(what)
    what = what or "loss"
    local history = self.history
    if #history == 0 then error("t:plot: no step is done yet; t:run() or t:step() first", 2) end
    if type(history[1][what]) ~= "number" then
        local names = {}
        for name in pairs(history[1]) do names[#names + 1] = name end
        table.sort(names)
        error(("t:plot: no column '%s'; wanted one of %s"):format(tostring(what),
            table.concat(names, ", ")), 2)
    end
    local train, held = { x = {}, y = {}, name = what }, { x = {}, y = {}, name = "eval_loss" }
    for i, record in ipairs(history) do
        train.x[i], train.y[i] = record.step, record[what]
        if record.eval_loss then
            held.x[#held.x + 1], held.y[#held.y + 1] = record.step, record.eval_loss
        end
    end
    local series = { train, title = what .. " of " .. self.model.name, x = "steps" }
    if what == "loss" and #held.x > 0 then series[2] = held end
    return plots.line(series)
end

-- plot=true, or the name of a column: the plot is drawn anew in place while it trains, and stays as
-- it was last. Elsewhere than on a terminal it is printed once, at the end.
function Trainer:run(opts)
    local what = type(opts) == "table" and opts.plot or nil
    if not what then return native_run(self, opts) end
    if what == true then what = "loss" end
    local given, drawn, told, live = {}, nil, 0, session.live ~= nil
    for k, v in pairs(opts) do given[k] = v end
    given.plot = nil
    function given.on_step(record)
        local now = clock.now()
        if live and now - told >= REDRAW then
            told = now
            drawn = self:plot(what):text(math.max(20, session.width - 1), session.color)
            live = session.live(drawn)
        end
        if opts.on_step then return opts.on_step(record) end
    end
    local over = native_run(self, given)
    if session.live then session.live(nil) end
    -- After Ctrl-C there is no time for another one.
    if (over or not drawn) and #self.history > 0 then
        drawn = self:plot(what):text(nil, session.color)
    end
    if drawn then session.write(drawn .. "\n") end
    return over
end

return Trainer
