-- SPDX-License-Identifier: Apache-2.0
-- Tool calling, step by step: the schema a model sees, messages on the wire, the calls it makes,
-- what goes wrong and what comes back. The model is a scripted one, so that every step is certain.
-- 도구 호출의 모든 단계를 봅니다: 스키마, 메시지, 호출, 잘못된 인자, 결과.
--     moonlet examples/tool_calling.lua

local weather = tools.new {
    name = "get_weather", description = "Current weather of a city",
    parameters = {
        { name = "city", type = "string", description = "city name" },
        { name = "unit", type = "string", enum = { "celsius", "fahrenheit" }, default = "celsius" },
    },
    run = function(args)
        local celsius = ({ Seoul = 21, Busan = 19, ["서울"] = 21 })[args.city]
        if not celsius then error("no weather station in " .. args.city, 0) end
        return { city = args.city, degrees = args.unit == "celsius" and celsius
            or celsius * 9 / 5 + 32 }
    end,
}
print("1. The JSON Schema, from the table of parameters:\n   " .. json.encode(weather.schema))
print("   called by hand: " .. json.encode(weather { city = "Seoul" }))

-- A model writes its calls as text; the parser reads them while the text is still coming.
local parser = tools.parser "hermes"
local text = 'Let me look.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "서울"}}\n'
    .. "</tool_call>"
local visible = ""
for i = 1, #text, 7 do visible = visible .. parser:push(text:sub(i, i + 6)) end
visible = visible .. parser:finish()
local call = parser.calls[1]
print(("2. %d bytes as a model writes them: visible %q, then the call %s %s"):format(#text, visible,
    call.name, json.encode(call.arguments)))

-- First wrong arguments, which the model is told of; then two calls at a time; then the answer.
local m = models.scripted {
    { text = "I ask.", calls = { { name = "get_weather", arguments = { town = "Seoul" } } } },
    { calls = { { name = "get_weather", arguments = { city = "Seoul" } },
        { name = "get_weather", arguments = { city = "Busan" } },
        { name = "calculator", arguments = { expression = "21 - 19" } } } },
    "Seoul is warmer than Busan by 2 degrees.",
}
local a = agents.new { model = m, tools = { weather, tools.calculator }, max_steps = 5 }
print "3. The agent at work (calls ->, results <-):"
local r = a("Is it warmer in Seoul or in Busan, and by how much?", { stream = true })

print "4. The transcript, as it goes over the wire:"
for _, message in ipairs(a.messages) do print("   " .. json.encode(message)) end

print "5. A model that never stops asking is stopped:"
local stubborn = models.scripted(function()
    return { calls = { { name = "get_weather", arguments = { city = "Atlantis" } } } }
end)
local stopped = agents.new { model = stubborn, tools = { weather } } "Weather in Atlantis?"
print("   " .. stopped.calls[1].content .. "\n   " .. stopped.calls[#stopped.calls].content)
print("   " .. stopped:summary())
assert(r.finish_reason == "stop" and stopped.finish_reason == "max_repeats")

local overhead = r.timings.seconds - r.timings.model_seconds - r.timings.tool_seconds
print(("6. %d steps, %d calls; beside model and tools the agent took %.2f ms"):format(r.steps,
    #r.calls, 1000 * overhead))
