-- SPDX-License-Identifier: Apache-2.0
-- Plots as text, as wide as the terminal: curves and points in braille, bars in eighths of a block,
-- heat maps in half blocks of colour or in shades. Without Unicode in letters. Colours only when
-- asked for: text that goes to a file has none.

local bars = require "moonlet.bars"
local canvas = require "moonlet.plot_canvas"
local scale = require "moonlet.plot_scale"
local session = require "moonlet.session"
local text = require "moonlet.text"

local number = scale.number
local COLORS = { "36", "33", "32", "35", "34", "31" }
local MARKS = { "*", "o", "+", "x", "#", "@" }

local function unicode() return os.getenv("TERM") ~= "dumb" and text.unicode() end

local function paint(s, color, colored)
    return colored and "\27[" .. color .. "m" .. s .. "\27[0m" or s
end

local function last_finite(s)
    for k = #s.y, 1, -1 do
        if scale.finite(s.y[k]) then return s.y[k] end
    end
end

-- Curves and points share their axes.
local function curves(self, lines, colored)
    local o, blocks = self.options, unicode()
    local x0, x1 = scale.bounds(self.series, "x", o)
    local y0, y1 = scale.bounds(self.series, "y", o)
    local out, all = scale.left_out(self.series, o)
    if not x0 then
        lines[#lines + 1] = "no finite points to draw"
        if all > 0 and o.log then
            lines[#lines] = "no points above 0 to draw by powers; leave out log=true"
        end
        return
    end
    local labels = { number(y1), number(scale.middle(y0, y1, o.log)), number(y0) }
    local margin = 0
    for _, label in ipairs(labels) do margin = math.max(margin, text.width(label)) end
    local height = math.max(2, o.height or 12)
    local width = math.max(8, (o.width or session.width or 80) - margin - 2)
    local dots = canvas(width, height, blocks)
    local place_x, place_y = scale.place(x0, x1, o.log_x), scale.place(y0, y1, o.log)
    for n, s in ipairs(self.series) do
        local mark, color = MARKS[(n - 1) % #MARKS + 1], COLORS[(n - 1) % #COLORS + 1]
        local px, py
        for i = 1, #s.y do
            local x, y = place_x(s.x[i]), place_y(s.y[i])
            if x and y then
                x = math.floor(x * (dots.width - 1) + 0.5)
                y = math.floor(y * (dots.height - 1) + 0.5)
                if self.kind == "line" then dots.line(px or x, py or y, x, y, mark, color)
                else dots.dot(x, y, mark, color) end
                px, py = x, y
            else
                px, py = nil, nil -- a gap where a value is no number
            end
        end
    end
    if o.y then lines[#lines + 1] = o.y end
    local axis = { [1] = labels[1], [math.floor((height + 1) / 2)] = labels[2],
        [height] = labels[3] }
    for r = 1, height do
        lines[#lines + 1] = (text.pad(axis[r] or "", margin, true)
            .. (blocks and (axis[r] and " ┤" or " │") or " |")
            .. dots.row(r, colored)):gsub("%s+$", "")
    end
    local left, right = number(x0), number(x1) .. (o.x and " " .. o.x or "")
    lines[#lines + 1] = (" "):rep(margin + 1) .. (blocks and "└" .. ("─"):rep(width)
        or "+" .. ("-"):rep(width))
    lines[#lines + 1] = (" "):rep(margin + 2) .. left
        .. (" "):rep(math.max(1, width - text.width(left) - text.width(right))) .. right
    local names = {}
    for i, s in ipairs(self.series) do
        if s.name then
            local last = self.kind == "line" and last_finite(s)
            local name = s.name .. (last and (" (last %s)"):format(number(last)) or "")
            if not blocks then name = MARKS[(i - 1) % #MARKS + 1] .. " " .. name end
            names[#names + 1] = paint(name, COLORS[(i - 1) % #COLORS + 1], colored)
        end
    end
    if #names > 0 then
        lines[#lines + 1] = (" "):rep(margin + 2) .. table.concat(names, "   ")
    end
    if out > 0 then
        lines[#lines + 1] = ("(%d of %d points cannot be drawn: no finite numbers%s)"):format(out,
            all, (o.log or o.log_x) and ", or not above 0" or "")
    end
end

local function rows_of_bars(self, lines, colored)
    local o, low, high, out = self.options, 0, 0, 0
    local widest, values = 0, 0
    for i, v in ipairs(self.values) do
        if scale.finite(v) then
            low, high = math.min(low, v), math.max(high, v)
            values = math.max(values, text.width(number(v)))
        else
            out = out + 1
        end
        widest = math.max(widest, text.width(self.labels[i]))
    end
    if out == #self.values then
        lines[#lines + 1] = "no finite numbers to draw"
        return
    end
    local all = o.width or session.width or 80
    widest = math.min(widest, math.max(4, math.floor(all / 3)))
    local room = math.max(4, all - widest - values - 4)
    local span = high - low
    local zero = span > 0 and math.floor(-low / span * room + 0.5) or 0
    for i, v in ipairs(self.values) do
        local label = text.pad(text.cut(self.labels[i], widest), widest, true)
        if scale.finite(v) then
            local part = span > 0 and math.abs(v) / span or 0
            local bar
            if v < 0 then
                local cells = math.max(1, math.floor(part * room + 0.5))
                bar = (" "):rep(math.max(0, zero - cells)) .. (unicode() and "█" or "#"):rep(cells)
            else
                bar = (" "):rep(zero) .. bars.bar(part, room, unicode())
            end
            local gap = (" "):rep(math.max(0, (v < 0 and zero or 0) - text.width(bar)))
            lines[#lines + 1] = label .. (unicode() and " │" or " |")
                .. paint(bar .. gap, v < 0 and COLORS[2] or COLORS[1], colored) .. " " .. number(v)
        else
            lines[#lines + 1] = label .. (unicode() and " │ " or " | ") .. tostring(v)
        end
    end
    if o.x then lines[#lines + 1] = (" "):rep(widest + 2) .. o.x end
end

local SHADES = { " ", "░", "▒", "▓", "█" }
local LETTERS = { " ", ".", ":", "-", "=", "+", "*", "#", "%", "@" }

local function heat(self, lines, colored)
    local o, blocks, low, high, out = self.options, unicode(), nil, nil, 0
    for _, row in ipairs(self.rows) do
        for _, v in ipairs(row) do
            if scale.finite(v) and not (o.log and v <= 0) then
                low, high = math.min(low or v, v), math.max(high or v, v)
            else
                out = out + 1
            end
        end
    end
    if not low then
        lines[#lines + 1] = "no finite numbers to draw"
        return
    end
    local place = scale.place(low, high, o.log)
    local half = colored and blocks
    local columns, count = #self.rows[1], #self.rows
    local across = half and 1 or 2 -- characters that are as wide as a row of numbers is high
    local room = math.max(1, math.floor(((o.width or session.width or 80) - 2) / across))
    local rows_room = (o.height or 16) * (half and 2 or 1)
    -- Small maps are drawn larger, large ones as the means of what falls together.
    local times = math.max(1, math.min(math.floor(math.min(room, 40) / columns),
        math.floor(rows_room / count)))
    local width = math.min(columns * times, room) * across
    local height = math.min(count * times, math.max(rows_room, half and 48 or 24))
    local color = require("moonlet.images").color
    local function part(y, x) -- the mean of what falls there
        local r0 = math.floor((y - 1) * count / height) + 1
        local r1 = math.max(r0, math.floor(y * count / height))
        local n0 = #self.rows[1]
        local c0 = math.floor((x - 1) * n0 / width) + 1
        local c1 = math.max(c0, math.floor(x * n0 / width))
        local sum, n = 0, 0
        for r = r0, r1 do
            for c = c0, c1 do
                local p = place(self.rows[r][c])
                if p then sum, n = sum + p, n + 1 end
            end
        end
        return n > 0 and sum / n or nil
    end
    local exact = (os.getenv("COLORTERM") or "") ~= ""
    local function sgr(layer, p)
        if not p then return layer .. ";5;240" end
        local r, g, b = color(p)
        if exact then return ("%d;2;%d;%d;%d"):format(layer, r, g, b) end
        local function level(v) return math.floor(v / 51 + 0.5) end
        return ("%d;5;%d"):format(layer, 16 + 36 * level(r) + 6 * level(g) + level(b))
    end
    local shades = blocks and SHADES or LETTERS
    for y = 1, height, half and 2 or 1 do
        local parts = {}
        for x = 1, width do
            local p = part(y, x)
            if half then
                local below = y < height and sgr(48, part(y + 1, x)) or "49"
                parts[x] = "\27[" .. sgr(38, p) .. ";" .. below .. "m▀"
            else
                parts[x] = p and shades[math.min(#shades, math.floor(p * #shades) + 1)] or "?"
            end
        end
        lines[#lines + 1] = table.concat(parts) .. (half and "\27[0m" or "")
    end
    local legend = {}
    for i = 1, half and 16 or #shades do
        legend[i] = half and "\27[" .. sgr(38, (i - 1) / 15) .. "m█" or shades[i]
    end
    lines[#lines + 1] = number(low) .. " " .. table.concat(legend) .. (half and "\27[0m" or "")
        .. " " .. number(high) .. (o.x and "   " .. o.x or "")
    if out > 0 then lines[#lines + 1] = ("(%d values cannot be drawn)"):format(out) end
end

local DRAW = { line = curves, scatter = curves, bar = rows_of_bars, hist = rows_of_bars,
    heatmap = heat }

--- The plot as lines of text; colored: with escape sequences.
return function(self, colored)
    local lines = {}
    if self.options.title then lines[1] = paint(self.options.title, "1", colored) end
    DRAW[self.kind](self, lines, colored)
    return table.concat(lines, "\n")
end
