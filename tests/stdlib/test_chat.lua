-- SPDX-License-Identifier: Apache-2.0
-- Chat over scripted models and a stand-in for a native one: state, errors, interrupts, streams.
local t = require "spec"
local models = require "moonlet.scripted"
local session = require "moonlet.session"
local generation = require "moonlet.generation"
local chat = require "moonlet.chat"

-- Echoes the last user message of what it is given.
local function echo()
    return models.scripted(function(messages) return "<" .. messages[#messages].content .. ">" end)
end

-- A model like a native one: renders, generates from text.
local function native(log)
    return {
        name = "native",
        render = function(_, messages, opts)
            local parts = {}
            for i, m in ipairs(messages) do parts[i] = m.role .. ":" .. m.content end
            return table.concat(parts, "|") .. (opts.add_generation_prompt and "|>" or "")
        end,
        generate = function(_, prompt, opts)
            log.prompt, log.opts = prompt, opts
            for _, piece in ipairs { "an", "swer" } do
                if opts.on_text then opts.on_text(piece) end
            end
            return generation.new { text = "answer", prompt = { text = prompt, ids = { 1 } },
                interrupted = log.interrupt }
        end,
    }
end

t.test("a conversation keeps plain messages", function()
    local c = echo():chat { system = "Be brief." }
    local g = c "one"
    t.eq(tostring(g), "<one>")
    c "two"
    t.eq(c.messages, {
        { role = "system", content = "Be brief." },
        { role = "user", content = "one" }, { role = "assistant", content = "<one>" },
        { role = "user", content = "two" }, { role = "assistant", content = "<two>" } })
    t.match(tostring(c), "chat with scripted · 2 turns\nsystem     Be brief.\nuser       one", true)
end)

t.test("regen, edit, fork, pop", function()
    local n = 0
    local m = models.scripted { function(messages)
        n = n + 1
        return messages[#messages].content .. n
    end }
    local c = m:chat { system = "s" }
    c "a"
    c "b"
    t.eq(c:regen().text, "b3")
    t.eq(#c.messages, 5)
    local d = c:fork()
    d "only here"
    t.eq(#c.messages, 5)
    t.eq(c:edit(1, "A").text, "A5")
    t.eq(#c.messages, 3)
    t.eq(d.messages[2].content, "a")
    t.eq(c:pop(), "A")
    t.eq(c.messages, { { role = "system", content = "s" } })
    t.error(function() c:pop() end, "the user has spoken 0 times")
    t.error(function() c:regen() end, "no user message")
    t.error(function() d:edit(9, "x") end, "no user message 9")
end)

t.test("an error leaves the messages as they were", function()
    local m = models.scripted { "fine", "later", deltas = 1,
        faults = { { call = 2, after = 2, error = "broken pipe" } } }
    local c = m:chat()
    c "one"
    local before = c:table()
    t.error(function() c "two" end, "broken pipe")
    t.eq(c.messages, before)
    t.eq(c("two").text, "later")
    t.eq(#c.messages, 4)
end)

t.test("an interrupted answer stays, marked", function()
    local m = models.scripted { "abcdef", deltas = 1, faults = { { after = 3, interrupt = true } } }
    local c = m:chat()
    c "x"
    t.eq(c.messages[2], { role = "assistant", content = "abc", interrupted = true })
    t.match(tostring(c), "abc [interrupted]", true)
end)

t.test("a model that wants text gets the rendered template and no special tokens added", function()
    local log = {}
    local c = chat.new(native(log),
        { system = "s", temperature = 0.5, template = { thinking = false } })
    t.eq(c("hi", { seed = 3 }).text, "answer")
    t.eq(log.prompt, "system:s|user:hi|>")
    t.eq({ log.opts.special, log.opts.temperature, log.opts.seed }, { false, 0.5, 3 })
    t.eq(log.opts.system, nil)
    t.eq(c.options.seed, nil)
    t.eq(c:render(), "system:s|user:hi|assistant:answer")
    t.eq(c:render { add_generation_prompt = true }, "system:s|user:hi|assistant:answer|>")
    log.interrupt = true
    c "again"
    t.eq(c.messages[5].interrupted, true)
end)

t.test("streams at the prompt, to on_text, or not at all", function()
    local out, write = {}, session.write
    session.write = function(piece) out[#out + 1] = piece end
    local ok, problem = pcall(function()
        local c = chat.new(native {}, {})
        c "x"
        t.eq(out, {})
        c("x", { stream = true })
        t.eq(out, { "an", "swer", "\n" })
        session.interactive, out = true, {}
        c "x"
        t.eq(table.concat(out), "answer\n")
        out = {}
        c("x", { stream = false })
        local heard = {}
        c("x", { on_text = function(piece) heard[#heard + 1] = piece end })
        t.eq({ out, heard }, { {}, { "an", "swer" } })
        local g = echo():chat() "x"
        t.eq(table.concat(out), "<x>\n")
        local display = getmetatable(g).__display
        t.match(display(g), "^%-%- %d+ %+ 3 tokens .*stop")
        t.eq(tostring(g), "<x>")
        t.eq(display(c("x", { stream = false })), "answer")
        out = {}
        local once = models.scripted { "abcdef", deltas = 2 }:generate("x",
            { stream = true, on_text = function() return false end })
        t.eq({ once.text, table.concat(out) }, { "ab", "ab\n" })
    end)
    session.write, session.interactive = write, false
    if not ok then error(problem, 0) end
end)

t.test("goes on with given messages and refuses what is none", function()
    local given = { { role = "user", content = "a" }, { role = "assistant", content = "b" } }
    local c = echo():chat { messages = given }
    c "next"
    t.eq(#given, 2)
    t.eq(#c.messages, 4)
    t.error(function() echo():chat { messages = { { content = "x" } } } end, "has no role")
    t.error(function() echo():chat { system = 1 } end, "'system' is a number")
    t.error(function() echo():chat "brief" end, "wanted a table")
    t.error(function() c(1) end, "wanted a text")
end)

t.done()
