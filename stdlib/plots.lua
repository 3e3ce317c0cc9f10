-- SPDX-License-Identifier: Apache-2.0
-- Curves at the prompt: plots.line{…} draws series of numbers with braille dots (two by four in a
-- character), or with letters where the terminal has no Unicode. The value is a Plot that prints
-- itself as wide as the terminal is then. It computes nothing but positions.

local class = require "moonlet.class"
local options = require "moonlet.options"
local session = require "moonlet.session"
local text = require "moonlet.text"

---@class Plot
---@field series table[] {name=, x={…}, y={…}}
local meta, Plot = class("Plot")
local plots = {}

---@class PlotOptions
---@field title? string above the plot (default none)
---@field x? string what runs to the right (default none)
---@field y? string what runs upwards (default none)
---@field width? integer columns in all (default: the terminal's)
---@field height? integer rows of the drawing (default 12)
---@field log? boolean the upward axis by powers (default false)
local OPTIONS = options.rows { "title string", "x string", "y string", "width integer",
    "height integer 12", "log boolean false" }

local MARKS = { "*", "o", "+", "x", "#", "@" }
-- The bits of a braille character's dots, [column][row] from the top.
local DOTS = { { 1, 2, 4, 64 }, { 8, 16, 32, 128 } }

local function finite(v) return type(v) == "number" and v == v and math.abs(v) < math.huge end

local function series_of(given, index)
    if type(given) ~= "table" then
        error(("plots.line: series %d is a %s; wanted a list of numbers, or {x={…}, y={…}}")
            :format(index, type(given)), 3)
    end
    local ys, xs = given.y or given, given.x
    local made = { name = given.name, x = {}, y = {} }
    for i = 1, #ys do
        if type(ys[i]) ~= "number" or (xs and type(xs[i]) ~= "number") then
            error(("plots.line: point %d of series %d is %s; wanted numbers"):format(i, index,
                tostring(ys[i])), 3)
        end
        made.x[i], made.y[i] = xs and xs[i] or i, ys[i]
    end
    return made
end

--- Curves of one or several series, drawn with braille dots as wide as the terminal.
---@param opts PlotOptions the series first, each numbers or {x=, y=, name=}
---@return Plot
--- Example: print(plots.line{{4, 2, 1, 1.5}, {3, 3, 2, 1}, title="two losses"})
function plots.line(opts)
    if type(opts) ~= "table" then
        error("plots.line: given a " .. type(opts) .. "; wanted plots.line{{4, 2, 1}}", 2)
    end
    local named, self = {}, { series = {} }
    for key, value in pairs(opts) do
        if type(key) ~= "number" then named[key] = value end
    end
    options.check(named, OPTIONS, "plots.line")
    self.options = named
    local list = type(opts[1]) == "number" and { opts } or opts
    for i = 1, #list do
        local given = list[i]
        if list[1] == opts then given = { unpack(opts) } end
        self.series[i] = series_of(given, i)
    end
    if #self.series == 0 then error("plots.line: no series; wanted plots.line{{4, 2, 1}}", 2) end
    return setmetatable(self, meta)
end

local function bounds(series, axis, log)
    local low, high
    for _, s in ipairs(series) do
        for i, v in ipairs(s[axis]) do
            if finite(v) and finite(s.x[i]) and finite(s.y[i]) and not (log and v <= 0) then
                low, high = math.min(low or v, v), math.max(high or v, v)
            end
        end
    end
    return low, high
end

local function number(v)
    if v == math.floor(v) and math.abs(v) < 1e6 then return ("%d"):format(v) end
    return (("%.4g"):format(v))
end

-- A grid of dots, w by h characters, drawn into by dot(x, y) with y upwards from 0.
local function canvas(w, h, unicode)
    local cells = {}
    local across, up = unicode and 2 or 1, unicode and 4 or 1
    local self = { width = w * across, height = h * up }
    function self.dot(x, y, mark)
        if x < 0 or y < 0 or x >= self.width or y >= self.height then return end
        local top = self.height - 1 - y
        local cell = math.floor(top / up) * w + math.floor(x / across) + 1
        if unicode then
            local bit = DOTS[x % 2 + 1][top % 4 + 1]
            cells[cell] = cells[cell] or 0
            if math.floor(cells[cell] / bit) % 2 == 0 then cells[cell] = cells[cell] + bit end
        else
            cells[cell] = mark
        end
    end
    function self.row(r)
        local parts = {}
        for c = 1, w do
            local cell = cells[(r - 1) * w + c]
            if not cell then
                parts[c] = " "
            elseif unicode then
                parts[c] = string.char(0xE2, 0xA0 + math.floor(cell / 64), 0x80 + cell % 64)
            else
                parts[c] = cell
            end
        end
        return table.concat(parts)
    end
    return self
end

local function draw_line(dots, x0, y0, x1, y1, mark)
    local steps = math.max(math.abs(x1 - x0), math.abs(y1 - y0), 1)
    for i = 0, steps do
        dots.dot(math.floor(x0 + (x1 - x0) * i / steps + 0.5),
            math.floor(y0 + (y1 - y0) * i / steps + 0.5), mark)
    end
end

local function draw(series, dots, scale_x, scale_y, mark)
    local px, py
    for i = 1, #series.x do
        local x, y = scale_x(series.x[i]), scale_y(series.y[i])
        if x and y then
            draw_line(dots, px or x, py or y, x, y, mark)
            px, py = x, y
        else
            px, py = nil, nil -- a gap where a value is no number
        end
    end
end

local function scale(low, high, size, log)
    local f = log and math.log or function(v) return v end
    local from, to = f(low), f(high)
    return function(v)
        if not finite(v) or (log and v <= 0) then return nil end
        if to == from then return math.floor((size - 1) / 2) end
        return math.floor((f(v) - from) / (to - from) * (size - 1) + 0.5)
    end
end

function meta.__tostring(self)
    local o, unicode = self.options, text.unicode()
    local x0, x1 = bounds(self.series, "x")
    local y0, y1 = bounds(self.series, "y", o.log)
    local lines = {}
    if o.title then lines[1] = o.title end
    if not x0 or not y0 then
        lines[#lines + 1] = "no finite points to draw"
        return table.concat(lines, "\n")
    end
    local middle = o.log and math.exp((math.log(y0) + math.log(y1)) / 2) or (y0 + y1) / 2
    local labels = { number(y1), number(middle), number(y0) }
    local margin = 0
    for _, label in ipairs(labels) do margin = math.max(margin, text.width(label)) end
    local height = math.max(2, o.height or 12)
    local width = math.max(8, (o.width or session.width or 80) - margin - 2)
    local dots = canvas(width, height, unicode)
    for i, s in ipairs(self.series) do
        draw(s, dots, scale(x0, x1, dots.width), scale(y0, y1, dots.height, o.log),
            MARKS[(i - 1) % #MARKS + 1])
    end
    if o.y then lines[#lines + 1] = o.y end
    local axis = { [1] = labels[1], [math.floor((height + 1) / 2)] = labels[2],
        [height] = labels[3] }
    for r = 1, height do
        lines[#lines + 1] = (text.pad(axis[r] or "", margin, true)
            .. (unicode and (axis[r] and " ┤" or " │") or " |") .. dots.row(r)):gsub("%s+$", "")
    end
    local left, right = number(x0), number(x1) .. (o.x and " " .. o.x or "")
    lines[#lines + 1] = (" "):rep(margin + 1) .. (unicode and "└" .. ("─"):rep(width)
        or "+" .. ("-"):rep(width))
    lines[#lines + 1] = (" "):rep(margin + 2) .. left
        .. (" "):rep(math.max(1, width - text.width(left) - text.width(right))) .. right
    local names = {}
    for i, s in ipairs(self.series) do
        if s.name then
            local last
            for k = #s.y, 1, -1 do
                if finite(s.y[k]) then last = s.y[k] break end
            end
            names[#names + 1] = (unicode and "" or MARKS[(i - 1) % #MARKS + 1] .. " ") .. s.name
                .. (last and (" (last %s)"):format(number(last)) or "")
        end
    end
    if #names > 0 then
        lines[#lines + 1] = (" "):rep(margin + 2) .. table.concat(names, "   ")
    end
    return table.concat(lines, "\n")
end

return plots
