-- SPDX-License-Identifier: Apache-2.0
-- A plot laid out on a page of 800 by 480 units, given to a surface piece by piece:
--     surface.rect(x, y, w, h, color)   surface.path(points, color, width)
--     surface.dot(x, y, color)   surface.measure(s, size)
--     surface.text(x, y, s, size, anchor, bold)   anchor: start, middle or end; y: the base line
-- plot_svg.lua and plot_image.lua are surfaces. Colours are {r, g, b}.

local scale = require "moonlet.plot_scale"

local number = scale.number
local WIDTH, HEIGHT = 800, 480
local COLORS = { { 31, 97, 181 }, { 214, 97, 16 }, { 33, 138, 60 }, { 173, 38, 130 },
    { 110, 84, 196 }, { 133, 100, 38 } }
local INK, SOFT, GRID = { 40, 40, 40 }, { 110, 110, 110 }, { 226, 226, 226 }

local function frame(s, o)
    s.rect(0, 0, WIDTH, HEIGHT, { 255, 255, 255 })
    local top = 24
    if o.title then
        s.text(WIDTH / 2, 36, o.title, 20, "middle", true)
        top = 56
    end
    return { left = 74, right = WIDTH - 24, top = top, bottom = HEIGHT - (o.x and 62 or 42) }
end

local function message(s, box, text)
    s.text((box.left + box.right) / 2, (box.top + box.bottom) / 2, text, 18, "middle")
end

local function sharp(v) return math.floor(v) + 0.5 end -- a thin line on whole pixels

local function curves(self, s)
    local o = self.options
    local box = frame(s, o)
    local named = 0
    for _, one in ipairs(self.series) do if one.name then named = named + 1 end end
    if o.y then box.top = box.top + 18 end
    if named > 0 then box.top = box.top + 24 end
    local x0, x1 = scale.bounds(self.series, "x", o)
    local y0, y1 = scale.bounds(self.series, "y", o)
    if not x0 then return message(s, box, "no finite points to draw") end
    local function at_x(place) return box.left + place * (box.right - box.left) end
    local function at_y(place) return box.bottom - place * (box.bottom - box.top) end
    if not o.log then
        local room = (y1 - y0) * 0.04
        y0, y1 = y0 - room, y1 + room
    end
    local place_x, place_y = scale.place(x0, x1, o.log_x), scale.place(y0, y1, o.log)
    for _, v in ipairs(scale.ticks(y0, y1, 6, o.log)) do
        local y = sharp(at_y(place_y(v)))
        s.path({ box.left, y, box.right, y }, GRID, 1)
        s.text(box.left - 8, y + 5, number(v), 14, "end")
    end
    for _, v in ipairs(scale.ticks(x0, x1, 8, o.log_x)) do
        local x = at_x(place_x(v))
        s.path({ x, box.bottom, x, box.bottom + 5 }, SOFT, 1)
        s.text(x, box.bottom + 22, number(v), 14, "middle")
    end
    s.path({ box.left, box.top, box.left, box.bottom, box.right, box.bottom }, SOFT, 1.5)
    if o.x then s.text((box.left + box.right) / 2, HEIGHT - 14, o.x, 15, "middle") end
    if o.y then s.text(14, box.top - (named > 0 and 32 or 10), o.y, 15, "start") end
    local legend = box.left
    for n, one in ipairs(self.series) do
        local color = COLORS[(n - 1) % #COLORS + 1]
        local points = {}
        for i = 1, #one.y + 1 do
            local x, y = place_x(one.x[i]), place_y(one.y[i])
            if x and y then
                points[#points + 1], points[#points + 2] = at_x(x), at_y(y)
                if self.kind == "scatter" then s.dot(at_x(x), at_y(y), color) end
            elseif self.kind == "line" then -- the end, or a gap
                if #points == 2 then s.dot(points[1], points[2], color) end
                if #points > 2 then s.path(points, color, 2.5) end
                points = {}
            end
        end
        if one.name then
            s.rect(legend, box.top - 22, 14, 14, color)
            s.text(legend + 20, box.top - 10, one.name, 14, "start")
            legend = legend + 44 + s.measure(one.name, 14)
        end
    end
end

local function rows_of_bars(self, s)
    local o = self.options
    local box = frame(s, o)
    local low, high, any = 0, 0, false
    for _, v in ipairs(self.values) do
        if scale.finite(v) then low, high, any = math.min(low, v), math.max(high, v), true end
    end
    if not any then return message(s, box, "no finite numbers to draw") end
    if high == low then high = 1 end
    local room = (high - low) * 0.05
    if high > 0 then high = high + room end
    if low < 0 then low = low - room end
    local place = scale.place(low, high)
    local function at_y(v) return box.bottom - place(v) * (box.bottom - box.top) end
    for _, v in ipairs(scale.ticks(low, high, 6)) do
        local y = sharp(at_y(v))
        s.path({ box.left, y, box.right, y }, GRID, 1)
        s.text(box.left - 8, at_y(v) + 5, number(v), 14, "end")
    end
    local step = (box.right - box.left) / #self.values
    local gap = self.kind == "hist" and 1 or math.min(24, step * 0.25)
    local widest = 0
    for _, label in ipairs(self.labels) do widest = math.max(widest, s.measure(label, 14)) end
    local every = math.max(1, math.ceil((widest + 10) / step))
    for i, v in ipairs(self.values) do
        local x = box.left + (i - 1) * step
        if scale.finite(v) then
            local a, b = at_y(math.max(v, 0)), at_y(math.min(v, 0))
            s.rect(x + gap / 2, a, step - gap, b - a, v < 0 and COLORS[2] or COLORS[1])
        end
        if (i - 1) % every == 0 then
            local label = self.edges and number(self.edges[i]) or self.labels[i]
            s.text(self.edges and x or x + step / 2, box.bottom + 22, label, 14, "middle")
        end
    end
    s.path({ box.left, at_y(0), box.right, at_y(0) }, SOFT, 1.5)
    if o.x then s.text((box.left + box.right) / 2, HEIGHT - 14, o.x, 15, "middle") end
end

local function heat(self, s)
    local o = self.options
    local box = frame(s, o)
    box.left, box.right = 50, WIDTH - 130
    local low, high
    for _, row in ipairs(self.rows) do
        for _, v in ipairs(row) do
            if scale.finite(v) and not (o.log and v <= 0) then
                low, high = math.min(low or v, v), math.max(high or v, v)
            end
        end
    end
    if not low then return message(s, box, "no finite numbers to draw") end
    local color, place = require("moonlet.images").color, scale.place(low, high, o.log)
    local rows, columns = #self.rows, #self.rows[1]
    local w, h = (box.right - box.left) / columns, (box.bottom - box.top) / rows
    for r, row in ipairs(self.rows) do
        for c, v in ipairs(row) do
            local p = place(v)
            local x, y = box.left + (c - 1) * w, box.top + (r - 1) * h
            s.rect(x, y, w + 0.4, h + 0.4, p and { color(p) } or { 190, 190, 190 })
        end
    end
    for i = 0, 49 do
        local y = box.bottom - (i + 1) / 50 * (box.bottom - box.top)
        s.rect(WIDTH - 106, y, 18, (box.bottom - box.top) / 50 + 0.6, { color(i / 49) })
    end
    s.text(WIDTH - 80, box.top + 12, number(high), 14, "start")
    s.text(WIDTH - 80, box.bottom, number(low), 14, "start")
    local function marks(count, f)
        for i = 1, count, math.max(1, math.ceil(count / 8)) do f(i) end
    end
    marks(columns, function(c)
        s.text(box.left + (c - 0.5) * w, box.bottom + 20, tostring(c), 14, "middle")
    end)
    marks(rows, function(r)
        s.text(box.left - 8, box.top + (r - 0.5) * h + 5, tostring(r), 14, "end")
    end)
    if o.x then s.text((box.left + box.right) / 2, HEIGHT - 14, o.x, 15, "middle") end
end

local DRAW = { line = curves, scatter = curves, bar = rows_of_bars, hist = rows_of_bars,
    heatmap = heat }

return { width = WIDTH, height = HEIGHT, ink = INK,
    draw = function(plot, surface) DRAW[plot.kind](plot, surface) end }
