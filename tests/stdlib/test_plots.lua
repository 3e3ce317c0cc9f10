-- SPDX-License-Identifier: Apache-2.0
-- plots.line: points land where they belong, whatever the width, and broken numbers leave gaps.
local t = require "spec"
local session = require "moonlet.session"
local plots = require "moonlet.plots"
local text = require "moonlet.text"

local function lines(plot)
    local result = {}
    for line in (tostring(plot) .. "\n"):gmatch("(.-)\n") do result[#result + 1] = line end
    return result
end

local function with(unicode, f)
    local before = session.unicode
    session.unicode = unicode
    local ok, e = pcall(f)
    session.unicode = before
    if not ok then error(e, 0) end
end

t.test("plots.line draws a falling line from the top left to the bottom right", function()
    with(false, function()
        local drawn = lines(plots.line { { 3, 2, 1 }, width = 14, height = 3 })
        t.match(drawn[1], "^3 |%*+$")
        t.eq(drawn[3]:sub(1, 3), "1 |")
        t.eq(drawn[3]:sub(-1), "*")
        t.ok(drawn[5]:find("1", 1, true) and drawn[5]:find("3", 1, true))
    end)
end)

t.test("plots.line is as wide as asked for, in braille too", function()
    with(true, function()
        for _, width in ipairs { 24, 60 } do
            local drawn = lines(plots.line { { 1, 5, 2 }, width = width, height = 5 })
            for _, line in ipairs(drawn) do t.ok(text.width(line) <= width) end
            t.eq(#drawn, 7)
        end
    end)
end)

t.test("plots.line takes several series, x values, names and gaps", function()
    with(false, function()
        local shown = tostring(plots.line { { x = { 0, 10 }, y = { 1, 2 }, name = "a" },
            { x = { 0, 5, 10 }, y = { 2, 0 / 0, 1 }, name = "b" }, title = "two" })
        t.ok(shown:find("two", 1, true))
        t.ok(shown:find("* a (last 2)", 1, true))
        t.ok(shown:find("o b (last 1)", 1, true))
        t.ok(tostring(plots.line { { 0 / 0 } }):find("no finite points", 1, true))
        t.ok(tostring(plots.line { 5, 5 }):find("5", 1, true))
    end)
end)

t.test("plots.line says what is wrong", function()
    local _, e = pcall(plots.line, { { 1, "x" } })
    t.ok(e:find("point 2 of series 1", 1, true))
    _, e = pcall(plots.line, { { 1 }, hight = 3 })
    t.ok(e:find("height", 1, true))
    _, e = pcall(plots.line, 3)
    t.ok(e:find("number", 1, true))
end)
t.test("every kind of plot fits the width, with and without Unicode, and says what it leaves out",
    function()
        local made = {
            plots.line { { 3, 2, 0 / 0, 1 }, { x = { 1, 4 }, y = { 1, 1 / 0 }, name = "달" },
                title = "제목" },
            plots.scatter { x = { 1, 10, 100 }, y = { 1, 2, 3 }, log_x = true },
            plots.bar { { "base", 0.5 }, { "한국어 이름이 아주 길다 정말로", -0.25 }, { "n", 0 / 0 } },
            plots.hist { { 1, 2, 2, 3, 3, 3, 4 }, bins = 3 },
            plots.heatmap { { 1, 2, 3 }, { 4, 0 / 0, 6 } },
        }
        for _, unicode in ipairs { true, false } do
            with(unicode, function()
                for _, width in ipairs { 20, 80, 200 } do
                    for i, plot in ipairs(made) do
                        for line in (plot:text(width) .. "\n"):gmatch("(.-)\n") do
                            local fits = text.width(line) <= math.max(width, 70)
                            t.ok(i == 1 and fits or text.width(line) <= math.max(width, 34))
                        end
                        if not unicode and i > 2 then
                            local shown = plot:text(width):gsub("[\227-\237][\128-\191]+", "")
                            if i ~= 4 then t.ok(not shown:find("[\226]")) end
                        end
                    end
                end
            end)
        end
        t.ok(tostring(made[1]):find("(2 of 6 points cannot be drawn", 1, true))
        t.ok(tostring(made[5]):find("(1 values cannot be drawn)", 1, true))
        t.eq(table.concat(made[4].values, " "), "1 2 4")
    end)

t.test("bars are as long as their numbers, from zero to both sides", function()
    with(false, function()
        t.eq(tostring(plots.bar { { "a", 10 }, { "b", 5 }, { "c", -10 }, width = 28 }),
            "a |          ########## 10\nb |          ##### 5\nc |########## -10")
    end)
end)

t.test("a heat map shades from the least to the greatest", function()
    with(false, function()
        t.eq(tostring(plots.heatmap { { 0, 9 }, { 5, 9 }, width = 6 }),
            "  @@\n++@@\n0  .:-=+*#%@ 9")
    end)
end)

t.test("empty and broken data is told kindly", function()
    for _, plot in ipairs { plots.line { { 0 / 0 } }, plots.bar { 0 / 0 }, plots.hist { {} },
        plots.heatmap { { 1 / 0 } } } do
        t.ok(tostring(plot):find("no finite", 1, true))
        t.ok(#plot:svg() > 100)
    end
    t.ok(tostring(plots.line { { -1, -2 }, log = true }):find("above 0", 1, true))
    for _, case in ipairs { { plots.bar, { { "a", "b" } }, "bar 1" },
        { plots.hist, { { "x" } }, "value 1" }, { plots.heatmap, { { 1, 2 }, { 1 } }, "row 2" },
        { plots.scatter, {}, "no series" }, { plots.heatmap, 3, "given a number" } } do
        local _, e = pcall(case[1], case[2])
        t.ok(e:find(case[3], 1, true))
    end
end)

t.test("a plot is saved as SVG with every script, as PNG that reads back the same", function()
    local plot = plots.line { { 1, 3, 2, name = "달 & <b>" }, title = "손실" }
    local svg = plot:svg()
    t.ok(svg:find("손실", 1, true) and svg:find("<polyline", 1, true))
    local name = os.tmpname()
    t.eq(plot:save(name .. ".svg"), name .. ".svg")
    local file = io.open(name .. ".svg")
    t.eq(file:read "*a", svg)
    file:close()
    local png = require "moonlet.png"
    local image = plots.bar { { "a", 1 }, { "b", 2 } }:image()
    local back = png.decode(png.encode(image))
    t.eq(back.width .. "x" .. back.height, "800x480")
    t.ok(back.pixels == image.pixels)
    local _, e = pcall(plot.save, plot, "x.gif")
    t.ok(e:find("ends in .svg or .png", 1, true))
    os.remove(name .. ".svg")
    os.remove(name)
end)

t.test("PNG files of others are read: palettes, grey; damage is an error", function()
    local png = require "moonlet.png"
    -- Made by another encoder: a palette and four pixels in each of two rows; one bit of grey.
    local function bytes_of(hex)
        return (hex:gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
    end
    local palette = png.decode(bytes_of("89504e470d0a1a0a0000000d49484452000000040000000208030000"
        .. "0048768d5100000009504c5445ff000000ff000000ff000000000000000f4944415478da63606064626000"
        .. "1100002700075b5528ac0000000049454e44ae426082"))
    t.eq(palette.pixels, ("\255\0\0\0\255\0\0\0\255\255\0\0"):rep(2))
    local grey = png.decode(bytes_of("89504e470d0a1a0a0000000d494844520000000a000000040100000000"
        .. "9f4393600000000d4944415478da6358d5c00043001c5004a9679129470000000049454e44ae426082"))
    t.eq(grey.pixels, (("\255\255\255\0\0\0"):rep(5)):rep(4))
    local ok, e = pcall(png.decode, "\137PNG\r\n\26\n\0\0\0\13IHDR")
    t.ok(not ok and e:find("no picture", 1, true))
    ok, e = pcall(png.decode, "GIF89a")
    t.ok(not ok and e:find("no PNG", 1, true))
    local image = { width = 3, height = 2, pixels = "abcdefghijklmnopqr" }
    local bytes = png.encode(image)
    t.eq(png.decode(bytes).pixels, image.pixels)
    for cut = 9, #bytes - 13, 5 do pcall(png.decode, bytes:sub(1, cut)) end
    ok = pcall(png.decode, bytes:sub(1, -30))
    t.ok(not ok)
end)
t.done()
