-- SPDX-License-Identifier: Apache-2.0
-- Remote models against a local server (build/openai_server) whose models do what their names say:
-- answer, stream, cut, stall, refuse.
local t = require "spec"

local build = os.getenv "MOONLET_BUILD" or (t.root .. "/build")
local server = io.popen("exec '" .. build .. "/openai_server'")
local url = server and server:read("*l")
if not url then
    t.test("the test server", function() error("cannot start " .. build .. "/openai_server") end)
    t.done()
end

local KEY = "sk-test-0123456789"
local function load(name, opts)
    opts = opts or {}
    opts.base_url, opts.api_key = opts.base_url or url, opts.api_key or KEY
    return models.load("openai:" .. name, opts)
end

-- What the model "echo" was sent.
local function sent(prompt, opts, load_opts)
    return json.decode(load("echo", load_opts):generate(prompt, opts).text)
end

t.test("a model is what it shows, and its key is nowhere", function()
    local m = load "ok"
    t.eq(m.name, "openai:ok")
    t.match(tostring(m), "^model openai:ok   remote · http://127%.0%.0%.1:%d+/v1 · key:")
    local function holds(value, seen)
        if type(value) == "string" then return value:find(KEY, 1, true) end
        if type(value) ~= "table" or seen[value] then return false end
        seen[value] = true
        for k, v in pairs(value) do
            if holds(k, seen) or holds(v, seen) then return true end
        end
    end
    t.ok(not holds(m, {}))
    t.ok(not holds(m:generate("x"), {}))
    t.ok(not m:render("x"):find(KEY, 1, true))
    t.match(load("headers"):generate("x").text, "Bearer " .. KEY, true)
end)

t.test("a Generation like a local model's", function()
    local pieces = {}
    local g = load("ok"):generate("Hi", { on_text = function(p) pieces[#pieces + 1] = p end })
    t.eq(g.text, "Hello, wörld 한국!")
    t.eq(table.concat(pieces), g.text)
    t.ok(#pieces > 0)
    t.eq(tostring(g), g.text)
    t.eq(g.finish_reason, "stop")
    t.eq(g.usage, { prompt_tokens = 7, completion_tokens = 3, total_tokens = 10,
        cached_tokens = 2 })
    t.eq(g.model, "served")
    t.ok(g.timings.first_token_seconds > 0 and g.timings.completion_seconds >= 0)
    local whole = load("ok"):generate("Hi")
    t.eq(whole.text, g.text)
    t.eq(whole.request_id, "r-1")
    t.match(g:summary(), "7 %+ 3 tokens .* stop$")
    t.eq(load("thinks"):generate("x", { stream = false, on_text = function() end }).thinking,
        "Let me see.")
end)

t.test("what is sent", function()
    local body = sent({ { role = "system", content = "s" }, { role = "user", content = "u" } },
        { max_tokens = 5, temperature = 0.5, top_p = 0.9, stop = { "a", "b" }, seed = 7,
            logprobs = 3, extra = { user = "me", temperature = 1.5 } })
    t.eq(body.messages[1].content, "s")
    t.eq(body.max_tokens, 5)
    t.eq(body.temperature, 1.5, "extra stands over the others")
    t.eq(body.user, "me")
    t.eq(body.stop[2], "b")
    t.eq({ body.seed, body.top_p, body.logprobs, body.top_logprobs }, { 7, 0.9, true, 3 })
    t.eq(body.stream, nil)
    t.eq(sent("x", { on_text = function() end }).stream_options.include_usage, true)
    t.eq(sent("x", { max_tokens = 4 }, { max_tokens_field = "max_completion_tokens" })
        .max_completion_tokens, 4)
    t.eq(sent("x", { do_sample = false }).temperature, 0)
    t.eq(sent("x", {}, { extra = { store = false } }).store, false)
    t.eq(sent("x", { format = "json" }).response_format.type, "json_object")
    local schema = { type = "object", properties = { a = { type = "integer" } },
        required = { "a" }, additionalProperties = false }
    local format = sent("x", { format = schema }).response_format
    t.eq(format.json_schema.schema.properties.a.type, "integer")
    t.eq(format.json_schema.strict, true)
    schema.additionalProperties = nil
    t.eq(sent("x", { format = json.schema(schema) }).response_format.json_schema.strict, false)
    t.match(load("headers", { headers = { ["X-Mine"] = "1" }, organization = "org" })
        :generate("x").text, '"x-mine":"1"', true)
end)

t.test("messages in the API's own shape", function()
    local body = sent { { role = "user", content = "u" },
        { role = "assistant", content = "", thinking = "hm", interrupted = true,
            tool_calls = { { id = "a", name = "f", arguments = { x = 1 } },
                { id = "b", name = "g", arguments = json.decode("{}"), raw = "" } } },
        { role = "tool", tool_call_id = "a", name = "f", content = "1" } }
    local message = body.messages[2]
    t.eq(message.content, json.null)
    t.eq(message.thinking, nil)
    t.eq(message.tool_calls[1].type, "function")
    t.eq(message.tool_calls[1]["function"].arguments, '{"x":1}')
    t.eq(message.tool_calls[2]["function"].arguments, "{}")
    t.eq(body.messages[3].tool_call_id, "a")
    t.eq(body.messages[3].name, nil)
    local weather = tools.new { name = "get_weather", parameters = { city = "string" },
        run = function() return "" end }
    body = sent("x", { tools = { weather }, tool_choice = "get_weather" })
    t.eq(body.tools[1]["function"].parameters.properties.city.type, "string")
    t.eq(body.tool_choice["function"].name, "get_weather")
end)

t.test("render and :prompt show exactly what is sent", function()
    local m = load "echo"
    local opts = { max_tokens = 9, temperature = 1 }
    local text = m:render({ { role = "user", content = "Hi" } }, opts)
    t.eq(m:generate("Hi", opts).text, text)
    t.eq(require("moonlet.generation").last_prompt().text, text)
    t.eq(m:generate("Hi", opts).prompt.text, text)
end)

t.test("chats and agents take it", function()
    local c = load("ok"):chat { system = "Be brief." }
    t.eq(c("Hello").text, "Hello, wörld 한국!")
    t.eq(#c.messages, 3)
    t.eq(c:regen().finish_reason, "stop")
    for _, stream in ipairs { false, true } do
        local asked = {}
        local weather = tools.new { name = "get_weather", parameters = { city = "string" },
            run = function(a) asked[#asked + 1] = a.city return a.city .. " is fine" end }
        local a = agents.new { model = load "agent", tools = { weather },
            on_text = stream and function() end or nil }
        t.eq(a("And the weather?").text, "Both: Busan is fine")
        t.eq(asked, { "Seoul", "Busan" })
    end
end)

t.test("compare and evals' way of asking take it, one failing beside others", function()
    local got = compare({ load "ok", models.scripted { "A cat." }, load "401", load "cut" },
        { "Who?" }, { max_tokens = 8, seed = 1, temperature = 1 })
    t.eq(got.rows[1][1].text, "Hello, wörld 한국!")
    t.match(got.rows[1][3].error, "status 401")
    t.eq(got.rows[1][2].text, "A cat.")
    t.match(tostring(got), "openai:ok", true)
    local answer = require "moonlet.answer"
    t.eq(answer.ask(load "ok", "x", { max_tokens = 3 }).usage.completion_tokens, 3)
end)

t.test("a stream that dies is a marked result, nothing lost", function()
    for _, name in ipairs { "cut", "cut-clean", "cut-reset", "broken", "error-chunk" } do
        local seen = {}
        local g = load(name):generate("x", { on_text = function(p) seen[#seen + 1] = p end })
        t.eq(g.text, "The beginning", name)
        t.eq(table.concat(seen), g.text, name)
        t.eq(g.finish_reason, "cut", name)
        t.ok(#g.error > 10, name)
        t.match(g:summary(), g.error, true)
        t.match(getmetatable(g).__display(g), "The beginning\n-- ", true)
    end
    local g = load("stall", { timeout = 0.3 }):generate("x", { on_text = function() end })
    t.eq(g.finish_reason, "cut")
    local call = load("cut-call"):generate("x", { on_text = function() end }).calls[1]
    t.eq(call.arguments, nil)
    t.match(call.error, "broke off")
    local c = load("cut"):chat {}
    c("x", { on_text = function() end })
    t.eq(c.messages[2].content, "The beginning")
end)

t.test("errors are clear and leave a chat as it was", function()
    local c = load("500-never"):chat { system = "s" }
    t.error(function() c "x" end, "openai:500%-never at http://.*status 500: oops")
    t.eq(#c.messages, 1)
    local text = t.error(function() load("401"):generate("x") end, "status 401")
    t.ok(not text:find(KEY, 1, true))
    t.match(text, "api_key")
    t.error(function() load("ok", { base_url = "http://127.0.0.1:1/v1", retries = 0 })
        :generate("x") end, "nothing answers there")
    t.error(function() load("html"):generate("x") end, "base_url")
    t.eq(load("429-once"):generate("x").attempts, 2)
    t.error(function() load("429", { retries = 1 }):generate("x") end, "tried 2 times")
end)

t.test("a listener may stop it, fail in it, and others may run beside it", function()
    local g = load("slow"):generate("x", { on_text = function() return false end })
    t.eq(g.finish_reason, "callback")
    t.ok(#g.text > 0 and #g.text < 15)
    t.error(function()
        load("slow"):generate("x", { on_text = function() error "mine" end })
    end, "mine")
    local tasks = require "moonlet.tasks"
    local seen = {}
    local function ask(name)
        return { run = function()
            return load(name):generate("x", { on_text = function(p)
                seen[name] = (seen[name] or "") .. p
            end }).text
        end }
    end
    local outcomes = tasks.run { ask "slow", ask "ok", ask "cut" }
    t.eq({ outcomes[1].value, outcomes[2].value, outcomes[3].value },
        { "ab ab ab ab ab ", "Hello, wörld 한국!", "The beginning" })
    t.eq(seen, { slow = "ab ab ab ab ab ", ok = "Hello, wörld 한국!", cut = "The beginning" })
end)

t.test("Ctrl-C keeps what came, marked", function()
    for name, text in pairs { stall = "The beginning", ["stall-early"] = "" } do
        local path = os.tmpname()
        local file = io.open(path, "w")
        file:write(([[
            local pid = io.open("/proc/self/stat"):read("*n")
            local m = models.load("openai:%s", {base_url=%q})
            os.execute("(sleep 0.4; kill -INT " .. pid .. ") &")
            local g = m:generate("x", {on_text=function() end})
            print(g.finish_reason, g.interrupted, g.text .. ".")
            while true do end
        ]]):format(name, url))
        file:close()
        local child = io.popen(("'%s/moonlet' '%s' 2>&1"):format(build, path))
        local out = child:read("*a")
        child:close()
        os.remove(path)
        t.match(out, "interrupt\ttrue\t" .. text .. "%.\n")
    end
end)

t.test("several answers, likelihoods, refusals, vectors", function()
    local g = load("two"):generate("x", { n = 2 })
    t.eq(g.text, "first")
    t.eq(g.choices[2].text, "second")
    local row = load("logprobs"):generate("x", { logprobs = 2 }).logprobs[1]
    t.eq({ row.token, row.logprob, row.top[2].token }, { "Hi", -0.25, "Ho" })
    t.eq(load("refusal"):generate("x").text, "I will not.")
    local v = load("ok"):embed({ "a", "bbb", "cc" }, { batch_size = 2 })
    t.eq(v:table(), { { 1, 0.5 }, { 3, 0.5 }, { 2, 0.5 } })
    t.eq(v.shape, { 3, 2 })
    t.error(function() load("one-short"):embed { "a", "b" } end, "2 texts were sent and 1")
end)

t.test("what it cannot do says so; wrong use too", function()
    local m = load "ok"
    for _, name in ipairs { "logits", "next", "loglikelihood", "classify", "save" } do
        t.error(function() m[name](m, "x") end, "a remote model has no " .. name)
    end
    m:release()
    t.error(function() m:generate({ 1, 2 }) end, "token ids")
    t.error(function() m:generate {} end, "no messages")
    t.error(function() m:generate("x", { max_token = 1 }) end, "did you mean max_tokens")
    t.error(function() m:generate("x", { format = "xml" }) end, "wanted \"json\"")
    t.error(function() m:generate { { content = "x" } } end, "message 1 has no role")
    t.error(function() models.load("openai:x", { base_ur = "x" }) end, "did you mean base_url")
    t.error(function() models.load("openai:", { base_url = url }) end, "without a name")
    t.error(function() models.load("openai:x", { base_url = "nowhere" }) end, "base_url is")
    t.error(function() models.load "foo:bar" end, "no provider 'foo'; there is \"openai:NAME\"")
end)

t.done()
