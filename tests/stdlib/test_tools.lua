-- SPDX-License-Identifier: Apache-2.0
-- tools.new: schemas from parameter tables, checked arguments, results for a model, time limits.
local t = require "spec"

local function weather(extra)
    local opts = { name = "get_weather", description = "Current weather of a city",
        parameters = {
            city = { type = "string", description = "city name" },
            days = { type = "integer", minimum = 1, default = 1 },
            unit = { type = "string", enum = { "celsius", "fahrenheit" }, optional = true },
        },
        run = function(a) return { sky = "clear", celsius = 21, days = a.days } end }
    for k, v in pairs(extra or {}) do opts[k] = v end
    return tools.new(opts)
end

t.test("the schema of a parameter table", function()
    t.eq(json.encode(weather().schema), '{"type":"object","properties":{'
        .. '"city":{"type":"string","description":"city name"},'
        .. '"days":{"type":"integer","default":1,"minimum":1},'
        .. '"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["city"]}')
    local ordered = tools.new { name = "f", run = print, parameters = {
        { name = "z", type = "number" }, { name = "a", type = "string", required = false } } }
    t.eq(json.encode(ordered.schema), '{"type":"object","properties":{"z":{"type":"number"},'
        .. '"a":{"type":"string"}},"required":["z"]}')
    local none = tools.new { name = "f", run = print }
    t.eq(json.encode(none.schema), '{"type":"object","properties":{},"required":[]}')
    local nested = tools.new { name = "f", run = print, parameters = { x = { type = "object",
        properties = { y = { type = "string" } }, required = { "y" } }, n = "number" } }
    t.eq(json.encode(nested.schema.properties.x), '{"type":"object","properties":{"y":'
        .. '{"type":"string"}},"required":["y"]}')
    t.eq(nested.schema.required, { "n", "x" })
    local whole = { type = "object", properties = { a = { type = "string" } }, required = {} }
    local open = tools.new { name = "f", run = function(a) return a.b end, parameters = whole }
    t.eq(open { a = "x", b = 1 }, 1)
end)

t.test("arguments are checked, defaults filled in", function()
    t.eq(weather() { city = "Seoul" }, { sky = "clear", celsius = 21, days = 1 })
    t.eq(weather():call({ city = "Seoul", days = 3 }).days, 3)
    t.eq(weather() { city = "Seoul", unit = json.null }.days, 1)
    t.error(function() weather() {} end, "city is missing %(string, city name%)")
    t.error(function() weather() { city = 3 } end, "city is 3 %(an integer%); wanted string")
    t.error(function() weather() { city = "x", days = 0 } end, "days is 0; wanted at least 1")
    t.error(function() weather() { city = "x", unit = "kelvin" } end,
        'wanted "celsius" or "fahrenheit"')
    t.error(function() weather() { town = "x", city = "y" } end, "town is not known")
    t.error(function() weather() { city = json.null } end, "city is null")
    t.error(function() weather() "Seoul" end, "the arguments are a string")
    local list = tools.new { name = "f", parameters = { tags = { type = "array" } },
        run = function(a) return #a.tags end }
    t.eq(list { tags = {} }, 0)
end)

t.test("a result for a model is text, cut and marked when long", function()
    local function answer(run, extra)
        local opts = { name = "f", run = run }
        for k, v in pairs(extra or {}) do opts[k] = v end
        return tools.new(opts):answer()
    end
    t.eq(answer(function() return "as it is" end).content, "as it is")
    t.eq(answer(function() return { b = 1, a = { true } } end).content, '{"a":[true],"b":1}')
    t.eq(answer(function() end).content, "null")
    t.eq(answer(function() return 1.5 end).content, "1.5")
    t.eq(answer(function() return models.scripted { "x" }:generate "y" end).content, "x")
    local big = answer(function() return ("한"):rep(3500000) end)
    t.match(big.content, "[cut: the first 16383 of 10500000 bytes]", true)
    t.eq({ big.cut, big.status, #big.value }, { true, "ok", 10500000 })
    t.eq(answer(function() return "한글" end, { max_result_bytes = 4 }).content,
        "한\n[cut: the first 3 of 6 bytes]")
    local odd = answer(function() return { print } end)
    t.eq(odd.status, "error")
    t.match(odd.content, "^error: the result cannot be sent: .*function")
    local thrown = answer(function() error "no such city" end)
    t.eq(thrown.status, "error")
    t.match(thrown.content, "^error: .*no such city$")
    t.match(answer(function() error { 1 } end).content, "^error: table")
    t.match(weather():answer { city = 1 }.content, "^error: wrong arguments for get_weather: city")
end)

t.test("a tool that never ends is stopped", function()
    local function hang(run)
        return tools.new { name = "hang", run = run, timeout = 0.2 }
    end
    t.error(function() hang(function() while true do end end)() end, "no answer within 0.2 s")
    local stubborn = hang(function()
        while true do pcall(function() while true do end end) end
    end):answer()
    t.eq({ stubborn.status, stubborn.content },
        { "timeout", "error: no answer within 0.2 s; stopped" })
    local wrapped = hang(function()
        return coroutine.wrap(function() while true do end end)()
    end):answer()
    t.eq(wrapped.status, "timeout")
    t.eq(debug.gethook(), nil)
    -- a hook of the user's own is there again
    local count = 0
    debug.sethook(function() count = count + 1 end, "", 1000)
    hang(function() while true do end end):answer()
    local before = count
    for _ = 1, 100000 do count = count + 0 end
    debug.sethook()
    assert(count > before, "the user's hook went on")
end)

t.test("what is no tool is refused with words", function()
    t.error(function() tools.new {} end, "name is missing")
    t.error(function() tools.new { name = "a b", run = print } end, 'name is "a b"')
    t.error(function() tools.new { name = "f" } end, "has no run")
    t.error(function() tools.new { name = "f", run = print, parameter = {} } end,
        "did you mean parameters")
    t.error(function() tools.new { name = "f", run = print, parameters = { x = "strng" } } end,
        "parameter 'x'")
    t.error(function()
        tools.new { name = "f", run = print, parameters = { x = { type = "strng" } } }
    end, 'did you mean "string"')
    t.error(function() tools.new { name = "f", run = print, timeout = 0 } end, "above 0")
    t.error(function()
        tools.new { name = "f", run = print, parameters = { { name = "a" }, { name = "a" } } }
    end, "twice")
end)

t.test("a tool shows what it takes", function()
    t.match(tostring(weather()), "^tool get_weather%(.*city.*%)   Current weather of a city$")
    t.match(tostring(weather()), "days?", true)
end)

t.done()
