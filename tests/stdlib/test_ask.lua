-- SPDX-License-Identifier: Apache-2.0
-- How models that take text are asked: calls and thought are read out of what they write, the
-- visible stream shows neither, messages are rendered in the shape that templates expect.
local t = require "spec"
local ask = require "moonlet.ask"
local generation = require "moonlet.generation"

local weather = tools.new { name = "get_weather", parameters = { city = "string" },
    run = function(a) return { city = a.city, celsius = 21 } end }

-- A model like a native one that writes these texts in turn, in pieces of three bytes.
local function writer(texts, extra)
    local m = { name = "writer", rendered = {}, count = 0 }
    function m:render(messages, opts)
        self.rendered[#self.rendered + 1] = { messages = messages, opts = opts }
        return self.prompt or "<prompt>"
    end
    function m:generate(prompt, opts)
        self.count = self.count + 1
        local text, written = texts[self.count], {}
        for i = 1, #text, 3 do
            written[#written + 1] = text:sub(i, i + 2)
            if opts.on_text and opts.on_text(written[#written]) == false then break end
        end
        self.opts = opts
        return generation.new { text = table.concat(written), prompt = { text = prompt, ids = {} } }
    end
    for k, v in pairs(extra or {}) do m[k] = v end
    return m
end

local CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "%s"}}\n</tool_call>'

t.test("an agent over a model that writes its calls as text", function()
    local m = writer { "<think>\nTwo cities.\n</think>\n\nLet me look.\n" .. CALL:format "Seoul"
        .. "\n" .. CALL:format "서울", "Both 21." }
    local heard = {}
    local a = agents.new { model = m, tools = { weather }, on_text = function(p)
        heard[#heard + 1] = p
    end }
    local r = a "Where is it warmer?"
    t.eq({ r.text, r.steps, #r.calls, r.finish_reason }, { "Both 21.", 2, 2, "stop" })
    t.eq(table.concat(heard), "Let me look.Both 21.")
    t.eq({ a.messages[2].content, a.messages[2].thinking }, { "Let me look.", "Two cities." })
    t.eq({ r.calls[1].id, r.calls[2].id, r.calls[2].arguments.city },
        { "call00001", "call00002", "서울" })
    t.eq(m.opts.special, false)
    local second = m.rendered[2]
    t.eq(second.opts.tools[1]["function"].name, "get_weather")
    local sent = second.messages[2].tool_calls[2]
    t.eq({ sent.type, sent["function"].name, sent["function"].arguments.city },
        { "function", "get_weather", "서울" })
    t.eq(second.messages[4].content, '{"celsius":21,"city":"서울"}')
end)

t.test("broken calls are results that the model can read", function()
    local m = writer { '<tool_call>{"name": "get_weather", "arguments": {"city": }}</tool_call>',
        "<tool_call>{", "Sorry." }
    local r = agents.new { model = m, tools = { weather } } "go"
    t.eq({ r.text, #r.calls, r.calls[1].status }, { "Sorry.", 2, "error" })
    t.match(r.calls[1].content, "the call cannot be read: ")
    t.match(r.calls[1].raw, '"city": }', true)
end)

t.test("llama 3: calls as bare JSON, one per message when rendered again", function()
    local m = writer({ '{"name": "get_weather", "parameters": {"city": "a"}}; '
        .. '{"name": "get_weather", "parameters": {"city": "b"}}', "Done." },
        { tool_format = "llama3" })
    local r = agents.new { model = m, tools = { weather } } "go"
    t.eq({ r.text, #r.calls, r.calls[2].arguments.city }, { "Done.", 2, "b" })
    local roles = {}
    for i, message in ipairs(m.rendered[2].messages) do
        roles[i] = message.role .. (message.tool_calls and #message.tool_calls or "")
    end
    t.eq(roles, { "user", "assistant1", "tool", "assistant1", "tool" })
    t.eq(ask.for_template { { role = "user", content = "x" } }[1].content, "x")
end)

t.test("a prompt that opened the thought; no tools, no parsing", function()
    local m = writer({ "Hm.\n</think>\n\n" .. CALL:format "x", "ok" },
        { prompt = "…<think>\n" })
    local r = agents.new { model = m, tools = { weather } }
    r "go"
    t.eq({ r.messages[2].thinking, r.messages[2].content }, { "Hm.", "" })
    m = writer { CALL:format "x" }
    t.eq(agents.new { model = m } "go".text, CALL:format "x")
    m = writer { "Look. " .. CALL:format "x" }
    local c = require("moonlet.chat").new(m, { tools = { weather } })
    local g = c "go"
    t.eq({ g.text, g.calls[1].name, c.messages[2].tool_calls[1].id, g.finish_reason },
        { "Look.", "get_weather", "call00001", "tool_calls" })
    t.match(g.raw, "<tool_call>", true)
end)

t.test("a template that leaves tools out is no use", function()
    local r = agents.new { model = writer({ "x" }, { tool_format = "" }), tools = { weather } } "go"
    t.eq(r.finish_reason, "error")
    t.match(r.error, "writer: its chat template leaves tools out")
    local shows = writer({ "x" }, { tool_format = "", render = function(_, _, opts)
        return opts.tools and "with tools" or "without"
    end })
    t.eq(agents.new { model = shows, tools = { weather } } "go".text, "x")
end)

t.test("on_text may still stop the answer", function()
    local m = writer { "one two three four" }
    local r = agents.new { model = m, tools = { weather }, on_text = function() return false end }
    t.eq(r "go".text, "one")
end)

t.done()
