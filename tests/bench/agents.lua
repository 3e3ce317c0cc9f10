-- SPDX-License-Identifier: Apache-2.0
-- What agents cost beside their models and tools: an agent round with four parallel scripted calls,
-- one tool call, a schema check, four processes of 100 ms together. Run by scripts/bench agents.
--     moonlet tests/bench/agents.lua
local clock = require "moonlet.clock"
local tasks = require "moonlet.tasks"

-- The median of `rounds` runs in seconds, after a fifth as many to warm up.
local function median(rounds, run)
    for _ = 1, math.ceil(rounds / 5) do run() end
    local times = {}
    for i = 1, rounds do
        local began = clock.now()
        run()
        times[i] = clock.now() - began
    end
    table.sort(times)
    return times[math.ceil(rounds / 2)]
end

local function row(what, seconds, unit, limit)
    local scale = unit == "ms" and 1e3 or 1e6
    print(("ours %-56s %9.3f %s%s"):format(what, seconds * scale, unit, limit or ""))
end

local weather = tools.new { name = "get_weather", description = "Current weather of a city",
    parameters = { city = { type = "string", description = "city name" },
        days = { type = "integer", minimum = 1, default = 1 } },
    run = function(a) return { city = a.city, sky = "clear", celsius = 21 } end }
local calls = {}
for i, city in ipairs { "Seoul", "Busan", "Incheon", "Daegu" } do
    calls[i] = { name = "get_weather", arguments = { city = city } }
end
local function round(make_calls)
    local m = models.scripted { { text = "", calls = make_calls }, "done", deltas = 1000 }
    return agents.new { model = m, tools = { weather } } "Which city is the warmest?"
end

row("agent: two steps, four parallel calls, made new", median(500, function() round(calls) end),
    "ms", "   (wanted: 0.5 at most)")
row("agent: one step without a call, made new", median(500, function() round(nil) end), "ms")
row("tool call: checked arguments, run, result", median(2000, function()
    weather:answer { city = "Seoul" }
end), "us")
local schema = json.schema(weather.schema)
row("schema: check of two arguments", median(5000, function()
    schema:check { city = "Seoul", days = 2 }
end), "us")
row("schema: made and checked", median(2000, function()
    json.schema(weather.schema):check { city = "Seoul", days = 2 }
end), "us")
local written = "Let me look.\n" .. ('<tool_call>\n{"name": "get_weather", "arguments": '
    .. '{"city": "Seoul", "days": 2}}\n</tool_call>\n'):rep(4)
row("parser: text with four calls, three bytes at a time", median(500, function()
    local parser = tools.parser "hermes"
    for i = 1, #written, 3 do parser:push(written:sub(i, i + 2)) end
    parser:finish()
end), "us")
row("four processes of 100 ms together", median(7, function()
    local entries = {}
    for i = 1, 4 do
        entries[i] = { run = function() return tasks.await(tools.process { "sleep", "0.1" }) end }
    end
    tasks.run(entries)
end), "ms", "   (wanted: 130 at most)")
row("sandbox: 1 + 1 in a fresh state", median(200, function()
    tools.lua() { code = "1 + 1" }
end), "us")
