-- SPDX-License-Identifier: Apache-2.0
-- Agents over scripted models: the transcript, calls at the same time, faults, budgets, approval.
local t = require "spec"
local session = require "moonlet.session"
local tasks = require "moonlet.tasks"
local generation = require "moonlet.generation"

local function tool(name, run, extra)
    local opts = { name = name, parameters = { city = { type = "string", optional = true } },
        run = run }
    for k, v in pairs(extra or {}) do opts[k] = v end
    return tools.new(opts)
end

local weather = tool("get_weather", function(a)
    return { celsius = a.city == "Seoul" and 21 or 19 }
end)

local function call(name, arguments, id)
    return { name = name, arguments = arguments or {}, id = id }
end

local function agent(replies, extra)
    local opts = { model = models.scripted(replies), tools = { weather } }
    for k, v in pairs(extra or {}) do opts[k] = v end
    return agents.new(opts)
end

-- Every call in a transcript has exactly one answer, behind it.
local function check_transcript(messages)
    local open = {}
    for _, message in ipairs(messages) do
        if message.role == "tool" then
            assert(open[message.tool_call_id], "an answer to no call")
            assert(type(message.content) == "string")
            open[message.tool_call_id] = nil
        else
            assert(not next(open), "a call without an answer")
        end
        for _, one in ipairs(message.tool_calls or {}) do
            assert(not open[one.id], "an id twice")
            open[one.id] = true
        end
    end
    assert(not next(open), "a call without an answer")
end

t.test("asks, calls, tells, answers", function()
    local a = agent { { text = "Let me look.", calls = { call("get_weather", { city = "Seoul" }),
        call("get_weather", { city = "Busan" }, "mine") } }, "Seoul.", "Again.",
        }
    local r = a "Where is it warmer?"
    t.eq({ r.text, tostring(r), r.steps, #r.calls, r.finish_reason },
        { "Seoul.", "Seoul.", 2, 2, "stop" })
    t.eq(a.messages, {
        { role = "user", content = "Where is it warmer?" },
        { role = "assistant", content = "Let me look.", tool_calls = {
            { id = "call00001", name = "get_weather", arguments = { city = "Seoul" } },
            { id = "mine", name = "get_weather", arguments = { city = "Busan" } } } },
        { role = "tool", tool_call_id = "call00001", name = "get_weather",
            content = '{"celsius":21}' },
        { role = "tool", tool_call_id = "mine", name = "get_weather", content = '{"celsius":19}' },
        { role = "assistant", content = "Seoul." } })
    t.eq(r.messages, a.messages)
    t.eq({ r.calls[2].value.celsius, r.calls[2].status }, { 19, "ok" })
    t.eq(#a.model.requests[2].messages, 4)
    t.eq(a.model.requests[1].opts.tools[1]["function"].name, "get_weather")
    t.eq(a("And now?").text, "Again.")
    t.eq(#a.messages, 7)
    check_transcript(a.messages)
    t.match(r:summary(), "2 steps · 2 calls")
    t.match(tostring(a), "agent with scripted · tools: get_weather · 7 messages", true)
end)

t.test("calls of one step run at the same time and answer in order", function()
    local log = {}
    local function slow(name, seconds)
        return tool(name, function()
            log[#log + 1] = name .. " begins"
            tasks.sleep(seconds)
            log[#log + 1] = name .. " ends"
            return name
        end)
    end
    local reply = { calls = { call "slow", call "fast" } }
    local list = { slow("slow", 0.1), slow("fast", 0.01) }
    local r = agent({ reply, "done" }, { tools = list }) "go"
    t.eq(log, { "slow begins", "fast begins", "fast ends", "slow ends" })
    t.eq({ r.calls[1].content, r.calls[2].content }, { "slow", "fast" })
    log = {}
    agent({ reply, "done" }, { tools = list, parallel = false }) "go"
    t.eq(log, { "slow begins", "slow ends", "fast begins", "fast ends" })
end)

t.test("planted faults: each is a result, and the rest goes on", function()
    local a = agent({ { calls = { call("get_weather", { city = 3 }), call "throws", call "hangs",
        call "floods", call "get_wether",
        { name = "get_weather", error = "it ends early", raw = '{"name": "get_w' },
        call("get_weather", { city = "Seoul" }) } }, "ok" },
        { tools = { weather, tool("throws", function() error "no network" end),
            tool("hangs", function() while true do end end, { timeout = 0.1 }),
            tool("floods", function() return ("x"):rep(1e7) end) } })
    local r = a "go"
    local status = {}
    for i, one in ipairs(r.calls) do status[i] = one.status end
    t.eq(status, { "error", "error", "timeout", "ok", "error", "error", "ok" })
    t.match(r.calls[1].content, "city is 3 %(an integer%); wanted string")
    t.match(r.calls[2].content, "no network")
    t.match(r.calls[3].content, "no answer within 0.1 s")
    t.match(r.calls[4].content, "cut: the first 16384 of 10000000 bytes")
    t.eq(#r.calls[4].value, 1e7)
    t.match(r.calls[5].content, "there is no tool 'get_wether'; did you mean get_weather")
    t.match(r.calls[6].content, "cannot be read: it ends early")
    t.eq(r.calls[6].raw, '{"name": "get_w')
    t.eq({ r.text, r.finish_reason }, { "ok", "stop" })
    check_transcript(a.messages)
end)

t.test("budgets end an endless loop with what there is", function()
    local n = 0
    local function endless()
        n = n + 1
        return { text = "step " .. n, calls = { call("get_weather", { city = "c" .. n }) } }
    end
    local function ends(extra, wanted)
        n = 0
        local a = agent({ endless }, extra)
        local r = a "go"
        t.eq({ r.finish_reason, r.steps, #r.calls, r.text }, wanted)
        check_transcript(a.messages)
        return r
    end
    ends({}, { "max_steps", 10, 10, "step 10" })
    local r = ends({ max_steps = 3 }, { "max_steps", 3, 3, "step 3" })
    t.match(r.calls[3].content, "not run: max_steps is reached")
    r = ends({ max_calls = 2 }, { "max_calls", 3, 3, "step 3" })
    t.eq({ r.calls[2].status, r.calls[3].status }, { "ok", "budget" })
    ends({ max_steps = 0 }, { "max_steps", 0, 0, "" })

    local a = agent { function() return { calls = { call("get_weather", { city = "x" }) } } end }
    r = a "go"
    t.eq({ r.finish_reason, r.steps, #r.calls }, { "max_repeats", 4, 4 })
    t.match(r.calls[4].content, "the same call was made 3 times before")
    check_transcript(a.messages)
    t.eq(a("go", { max_repeats = 1 }).steps, 2)

    local slow = tool("slow", function() tasks.sleep(30) end)
    a = agent({ { calls = { call "slow" } }, "never" }, { tools = { slow }, max_seconds = 0.2 })
    r = a "go"
    t.eq({ r.finish_reason, r.calls[1].status, r.steps }, { "max_seconds", "timeout", 1 })
    assert(r.timings.seconds < 20)
    a = agent({ ("word "):rep(1000), deltas = 5, delay = 0.01 }, { max_seconds = 0.1 })
    r = a "go"
    t.eq(r.finish_reason, "max_seconds")
    assert(#r.text > 0 and #r.text < 5000, "the partial answer is kept")
end)

t.test("approval: the agent's and the tool's own, each may refuse with a reason", function()
    local asked, ran = {}, 0
    local danger = tool("danger", function() ran = ran + 1 end, { approve = function(c)
        asked[#asked + 1] = c.name .. (c.arguments.city or "")
        if c.arguments.city == "a" then return true end
        if c.arguments.city == "b" then return "not there" end
        if c.arguments.city == "c" then error "broken" end
        return c.arguments.city == "d"
    end })
    local calls = {}
    for i, city in ipairs { "a", "b", "c", "d", "e" } do
        calls[i] = call("danger", { city = city })
    end
    local r = agent({ { calls = calls }, "ok" }, { tools = { danger }, approve = function(c)
        return c.arguments.city ~= "d"
    end }) "go"
    t.eq(asked, { "dangera", "dangerb", "dangerc", "dangerd", "dangere" })
    t.eq(ran, 1)
    local contents = {}
    for i, one in ipairs(r.calls) do contents[i] = one.content end
    t.eq({ contents[1], contents[2], contents[4], contents[5] }, { "null",
        "error: refused: not there", "error: refused by the user", "error: refused by the user" })
    t.match(contents[3], "the approval failed: .*broken")
end)

t.test("an interrupt and an error of the model", function()
    local a = agent { { calls = { call("get_weather", { city = "Seoul" }) } }, "Seoul is warmer.",
        deltas = 5, faults = { { call = 2, after = 2, interrupt = true } } }
    local r = a "go"
    t.eq({ r.finish_reason, r.text, a.messages[#a.messages].interrupted },
        { "interrupt", "Seoul is w", true })
    a = agent { { text = "Looking.", calls = { call("get_weather", { city = "x" }) } }, "second",
        faults = { { call = 2, error = "connection lost" } } }
    r = a "go"
    t.eq({ r.finish_reason, r.error, r.text, r.steps, #a.messages },
        { "error", "connection lost", "Looking.", 1, 3 })
    check_transcript(a.messages)
    t.eq(a("again").text, "second")
    a = agent { "x", faults = { { call = 1, error = "no route" } } }
    r = a "go"
    t.eq({ r.finish_reason, r.error, #a.messages }, { "error", "no route", 0 })
    t.match(tostring(r), "no route")
end)

t.test("what is printed while it runs", function()
    local out, write = {}, session.write
    session.write = function(piece) out[#out + 1] = piece end
    local ok, problem = pcall(function()
        local replies = { { text = "Look.", calls = { call("get_weather", { city = "Seoul" }) } },
            "Warm." }
        local r = agent(replies, { stream = true }) "go"
        t.eq(table.concat(out), 'Look.\n-> get_weather {"city":"Seoul"}\n'
            .. '<- get_weather {"celsius":21}\nWarm.\n')
        t.match(getmetatable(r).__display(r), "^%-%- 2 steps")
        out = {}
        r = agent(replies) "go"
        t.eq(out, {})
        t.match(getmetatable(r).__display(r), "^Warm%.\n%-%- 2 steps")
        local heard, events = {}, {}
        agent(replies, { on_text = function(p) heard[#heard + 1] = p end,
            on_call = function(c) events[#events + 1] = "call " .. c.name end,
            on_result = function(c) events[#events + 1] = c.content end }) "go"
        t.eq({ table.concat(heard), events },
            { "Look.Warm.", { "call get_weather", '{"celsius":21}' } })
    end)
    session.write = write
    if not ok then error(problem, 0) end
end)

t.test("goes on with a transcript, forgets it, and takes ready tools uncalled", function()
    local a = agent({ "one", "two", "three" }, { system = "Be brief." })
    a "q"
    local b = agent({ "more" }, { messages = a.messages })
    b "and?"
    t.eq(#b.messages, 5)
    t.eq(#a.messages, 3)
    a:reset()
    t.eq(a.messages, { { role = "system", content = "Be brief." } })
    local maker = function() return weather end
    t.eq(#agent({ "x" }, { tools = { maker } }).tools, 1)
end)

t.test("an agent is a tool of another one", function()
    local inner = agent { { calls = { call("get_weather", { city = "Seoul" }) } }, "21 degrees" }
    local ask = tools.new { name = "ask", parameters = { question = "string" },
        run = function(a) return inner(a.question) end }
    local r = agent({ { calls = { call("ask", { question = "How warm?" }) } }, "done" },
        { tools = { ask } }) "go"
    t.eq(r.calls[1].content, "21 degrees")
    t.eq(inner.messages[1].content, "How warm?")
end)

t.test("what is no agent is refused with words", function()
    local m = models.scripted { "x" }
    t.error(function() agents.new {} end, "model is a nil")
    t.error(function() agents.new { model = m, tool = {} } end, "did you mean tools")
    t.error(function() agents.new { model = m, tools = weather } end, "wanted a list")
    t.error(function() agents.new { model = m, tools = { 1 } } end, "tools%[1%] is a number")
    t.error(function() agents.new { model = m, tools = { weather, weather } } end,
        "two tools are called get_weather")
    t.error(function() agents.new { model = m, max_steps = -1 } end, "max_steps is %-1")
    t.error(function() agent { "x" } (3) end, "given a number")
    t.error(function() agent { "x" } ("q", { max_step = 1 }) end, "did you mean max_steps")
end)

t.test("a chat passes tools on and keeps the calls unrun", function()
    local m = models.scripted { { calls = { call("get_weather", { city = "Seoul" }, "1") } },
        "21 degrees" }
    local c = m:chat { tools = { weather } }
    local g = c "How warm?"
    t.eq(generation.is(g), true)
    t.eq(m.requests[1].opts.tools[1]["function"].name, "get_weather")
    t.eq(c.messages[2].tool_calls[1].name, "get_weather")
    t.eq(c({ role = "tool", tool_call_id = "1", content = "21" }).text, "21 degrees")
    t.eq(m.requests[2].messages[3].role, "tool")
end)

t.done()
