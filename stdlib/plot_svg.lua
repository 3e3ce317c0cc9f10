-- SPDX-License-Identifier: Apache-2.0
-- A plot as the text of an SVG file. Letters are the reader's own fonts, so every script is right.

local figure = require "moonlet.plot_figure"
local text = require "moonlet.text"

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function hex(c) return ("#%02x%02x%02x"):format(c[1], c[2], c[3]) end

local function short(v) return (("%.1f"):format(v):gsub("%.0$", "")) end

return function(plot)
    local out, surface = {}, {}
    local function add(...) out[#out + 1] = (...) end
    function surface.measure(s, size) return text.width(s) * size * 0.56 end
    function surface.rect(x, y, w, h, color)
        add(('<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>'):format(short(x), short(y),
            short(w), short(h), hex(color)))
    end
    function surface.path(points, color, width)
        local parts = {}
        for i = 1, #points, 2 do
            parts[#parts + 1] = short(points[i]) .. "," .. short(points[i + 1])
        end
        add(('<polyline points="%s" fill="none" stroke="%s" stroke-width="%s"'
            .. ' stroke-linejoin="round" stroke-linecap="round"/>'):format(table.concat(parts, " "),
            hex(color), short(width)))
    end
    function surface.dot(x, y, color)
        add(('<circle cx="%s" cy="%s" r="4" fill="%s"/>'):format(short(x), short(y), hex(color)))
    end
    function surface.text(x, y, s, size, anchor, bold)
        add(('<text x="%s" y="%s" font-size="%d" text-anchor="%s"%s>%s</text>'):format(short(x),
            short(y), size, anchor, bold and ' font-weight="bold"' or "",
            (s:gsub('[&<>"]', ESCAPES):gsub("%c", " "))))
    end
    figure.draw(plot, surface)
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"'
        .. ' font-family="Noto Sans KR, Noto Sans, Apple SD Gothic Neo, Malgun Gothic, sans-serif"'
        .. ' fill="%s">\n%s\n</svg>\n'):format(figure.width, figure.height, figure.width,
        figure.height, hex(figure.ink), table.concat(out, "\n"))
end
