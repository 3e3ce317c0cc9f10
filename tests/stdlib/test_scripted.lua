-- SPDX-License-Identifier: Apache-2.0
-- models.scripted: replies in turn, streaming in any chunking, faults, stop and max_tokens.
local t = require "spec"
local models = require "moonlet.scripted"
local generation = require "moonlet.generation"

t.test("replies come in turn and an answer is its text", function()
    local m = models.scripted { "one", { text = "two", thinking = "hm" }, function(messages)
        return "you said " .. messages[#messages].content
    end }
    local g = m:generate "x"
    t.eq(tostring(g), "one")
    t.eq(g .. "!", "one!")
    t.eq(g.finish_reason, "stop")
    t.eq(m:generate("x").thinking, "hm")
    t.eq(m:generate("hello").text, "you said hello")
    t.eq(m:generate({ { role = "user", content = "again" } }).text, "you said again")
    t.eq(#m.requests, 4)
    t.match(tostring(m), "3 replies · 4 calls")
end)

t.test("no reply left is an error; cycle and reset start over", function()
    local m = models.scripted { "one" }
    m:generate "x"
    t.error(function() m:generate "x" end, "only 1 replies")
    m:reset()
    t.eq(m:generate("x").text, "one")
    local c = models.scripted { "a", "b", cycle = true }
    t.eq({ c:generate("x").text, c:generate("x").text, c:generate("x").text }, { "a", "b", "a" })
end)

t.test("every chunking streams the same text, never half a character", function()
    local whole = "가나 café 😀 end"
    for _, deltas in ipairs { 1, 2, 3, 5, 100, { 1, 7, 2 } } do
        local m, pieces = models.scripted { whole, deltas = deltas }, {}
        m:generate("x", { on_text = function(piece) pieces[#pieces + 1] = piece end })
        t.eq(table.concat(pieces), whole)
        for _, piece in ipairs(pieces) do
            t.ok(not piece:match("^[\128-\191]"), "a piece begins inside a character")
        end
    end
end)

t.test("on_text returning false stops", function()
    local m, seen = models.scripted { "abcdef", deltas = 2 }, 0
    local g = m:generate("x", { on_text = function() seen = seen + 1; return seen < 2 end })
    t.eq({ g.text, g.finish_reason }, { "abcd", "callback" })
end)

t.test("stop and max_tokens", function()
    local m = models.scripted { function() return "one two three" end }
    t.eq(m:generate("x", { stop = "two" }).text, "one ")
    t.eq(m:generate("x", { stop = { "three", " two" } }).text, "one")
    local g = m:generate("x", { max_tokens = 3 })
    t.eq({ g.text, g.finish_reason, g.usage.completion_tokens }, { "one", "length", 3 })
    local k = models.scripted { "가나다" }:generate("x", { max_tokens = 4 })
    t.eq(k.text, "가")
end)

t.test("faults: error, cut, interrupt, by call and by piece", function()
    local m = models.scripted { "abcdef", "second", deltas = 2, faults = {
        { call = 1, after = 1, error = "connection lost" }, { call = 2, after = 2, cut = true } } }
    local seen = {}
    t.error(function()
        m:generate("x", { on_text = function(p) seen[#seen + 1] = p end })
    end, "^connection lost$")
    t.eq(seen, { "ab" })
    local g = m:generate "x" -- the failed call used up no reply
    t.eq({ g.text, g.finish_reason, g.interrupted }, { "abcd", "cut", false })
    t.eq(m:generate("x").text, "second")
    local i = models.scripted { "abc", deltas = 1, faults = { { after = 2, interrupt = true } } }
    g = i:generate "x"
    t.eq({ g.text, g.finish_reason, g.interrupted }, { "ab", "interrupt", true })
end)

t.test("tool calls, usage, timings and the exact prompt", function()
    local m = models.scripted { { calls = { { id = "1", name = "f", arguments = { a = 1 } } } } }
    local g = m:generate "hi"
    t.eq({ g.finish_reason, g.calls[1].name }, { "tool_calls", "f" })
    t.eq(g.usage, { prompt_tokens = 2, completion_tokens = 0, total_tokens = 2, cached_tokens = 0 })
    t.eq(generation.last_prompt().text, "hi")
    t.eq(generation.last_prompt().ids, { 104, 105 })
    t.eq(generation.last_prompt().tokens, { "h", "i" })
    t.eq(getmetatable(g:table()), nil)
    t.eq(g:table().calls, g.calls)
    t.ok(g.timings.completion_seconds >= 0)
end)

t.test("delay lets time pass", function()
    local clock = require "moonlet.clock"
    local start = clock.now()
    models.scripted { "ab", deltas = 1, delay = 0.02 }:generate "x"
    t.ok(clock.now() - start >= 0.03)
end)

t.test("wrong use is told plainly", function()
    t.error(function() models.scripted { "a", delta = 1 } end, "unknown option 'delta'.*deltas")
    t.error(function() models.scripted { "a", delay = "x" } end, "'delay' is a string")
    t.error(function() models.scripted {} end, "no replies")
    t.error(function() models.scripted(3) end, "given a number")
    t.error(function() models.scripted { true } end, "reply 1 is a boolean")
    t.error(function() models.scripted { "a", faults = { { call = 1 } } } end, "a fault needs")
    t.error(function() models.scripted { "a" }:generate("x", { temprature = 1 }) end, "temperature")
    t.error(function() models.scripted { "a" }:generate("x", { tempe = 1 }) end,
        "did you mean temperature %(number%)")
    t.error(function() models.scripted { "a" }:generate("x", { on_text = 1 }) end, "on_text")
    t.error(function() models.scripted { "a" }:loglikelihood("a", "b") end, "no loglikelihood")
    t.error(function() models.scripted { function() return nil end }:generate "x" end, "is a nil")
end)

t.test("the annotated options are the checked ones", function()
    local source = t.read(t.path "stdlib/scripted.lua")
    local annotated, checked = {}, {}
    for name in source:match("@class ScriptedOptions\n(.-)\nlocal"):gmatch("@field (%w+)") do
        annotated[#annotated + 1] = name
    end
    for row in source:match("local OPTIONS = options.rows {(.-)}"):gmatch("[\"'](%w+) ") do
        checked[#checked + 1] = row
    end
    t.eq(annotated, checked)
end)

t.done()
