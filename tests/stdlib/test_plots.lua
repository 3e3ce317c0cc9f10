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
t.done()
