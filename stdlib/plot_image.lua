-- SPDX-License-Identifier: Apache-2.0
-- A plot as an image {width=, height=, pixels=}: drawn at twice its size, then halved, which makes
-- edges smooth. Letters are strokes of our own (plot_font.lua): ASCII only; the second result says
-- whether something could not be written.

local figure = require "moonlet.plot_figure"
local font = require "moonlet.plot_font"
local text = require "moonlet.text"

local TIMES = 2

return function(plot)
    local width, height = figure.width * TIMES, figure.height * TIMES
    local red, green, blue = {}, {}, {}
    local surface, unknown = {}, false
    for i = 1, width * height do red[i], green[i], blue[i] = 255, 255, 255 end

    local function span(y, from, to, c)
        if y < 0 or y >= height then return end
        for x = math.max(from, 0), math.min(to, width - 1) do
            local i = y * width + x + 1
            red[i], green[i], blue[i] = c[1], c[2], c[3]
        end
    end
    local function disc(x, y, radius, c)
        for v = math.floor(y - radius + 0.5), math.ceil(y + radius - 0.5) do
            local inside = radius * radius - (v - y) * (v - y)
            if inside >= 0 then
                local half = math.sqrt(inside)
                span(v, math.floor(x - half + 0.5), math.ceil(x + half - 0.5) - 1, c)
            end
        end
    end
    local function stroke(x0, y0, x1, y1, thick, c)
        local steps = math.max(1, math.ceil(math.max(math.abs(x1 - x0), math.abs(y1 - y0))))
        for i = 0, steps do
            disc(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, thick / 2, c)
        end
    end

    function surface.measure(s, size) return font.width(s, size * 0.1) end
    function surface.rect(x, y, w, h, color)
        local from, to = math.floor(x * TIMES + 0.5), math.floor((x + w) * TIMES + 0.5) - 1
        for v = math.floor(y * TIMES + 0.5), math.floor((y + h) * TIMES + 0.5) - 1 do
            span(v, from, to, color)
        end
    end
    function surface.path(points, color, thick)
        for i = 1, #points - 3, 2 do
            stroke(points[i] * TIMES, points[i + 1] * TIMES, points[i + 2] * TIMES,
                points[i + 3] * TIMES, thick * TIMES, color)
        end
    end
    function surface.dot(x, y, color) disc(x * TIMES, y * TIMES, 4 * TIMES, color) end
    function surface.text(x, y, s, size, anchor, bold)
        for char in text.chars(s) do unknown = unknown or not font.knows(char) end
        local unit = size * 0.1
        local wide = font.width(s, unit)
        if anchor == "middle" then x = x - wide / 2 elseif anchor == "end" then x = x - wide end
        local thick = (bold and 2.6 or 1.7) * size / 16 * TIMES
        font.draw(s, x * TIMES, (y - 6 * unit) * TIMES, unit * TIMES, function(x0, y0, x1, y1)
            stroke(x0, y0, x1, y1, thick, figure.ink)
        end)
    end
    figure.draw(plot, surface)

    local rows, char = {}, string.char
    for y = 0, figure.height - 1 do
        local row = {}
        for x = 0, figure.width - 1 do
            local a = y * TIMES * width + x * TIMES + 1
            local b, c, d = a + 1, a + width, a + width + 1
            row[x + 1] = char(math.floor((red[a] + red[b] + red[c] + red[d]) / 4),
                math.floor((green[a] + green[b] + green[c] + green[d]) / 4),
                math.floor((blue[a] + blue[b] + blue[c] + blue[d]) / 4))
        end
        rows[y + 1] = table.concat(row)
    end
    return { width = figure.width, height = figure.height, pixels = table.concat(rows) }, unknown
end
