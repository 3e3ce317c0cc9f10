-- SPDX-License-Identifier: Apache-2.0
-- compare over scripted models: cells, failures, seeds, the table and the word difference.
local t = require "spec"
local models = require "moonlet.scripted"
local session = require "moonlet.session"
local text = require "moonlet.text"
local word_diff = require "moonlet.word_diff"
local ok, moonlet = pcall(require, "moonlet")
local compare = ok and moonlet.compare or require("moonlet.compare").compare

local function named(name, ...)
    local m = models.scripted { ... }
    m.name, m.cycle = name, true
    return m
end

t.test("rows are prompts, columns models", function()
    local a, b = named("a", "one two"), named("b", "one three")
    local c = compare({ a, b }, { "p", { { role = "user", content = "q" } } }, { max_tokens = 50 })
    t.eq({ #c.rows, #c.rows[1] }, { 2, 2 })
    t.eq(c.rows[2][2].text, "one three")
    t.eq(b.requests[2].messages[1].content, "q")
    t.eq(b.requests[1].opts.max_tokens, 50)
    t.eq(c:diff(1, 2), "one [-two-] {+three+}")
    t.eq(c:table()[1].answers[2].text, "one three")
    t.eq(compare({ a, a }, "just one").models[2].name, "a (2)")
    t.error(function() c:diff(3, 2) end, "2 prompts and 2 models")
end)

t.test("a model that fails has its error in its cell", function()
    local bad = models.scripted { "x", faults = { { error = "connection lost" } }, name = "bad" }
    local c = compare({ named("a", "fine"), bad, "no-such-model" }, { "p" })
    t.eq(c.rows[1][1].text, "fine")
    t.eq(c.rows[1][2].error, "connection lost")
    t.eq(c.rows[1][2].text, "")
    t.ok(c.rows[1][3].error)
    t.match(tostring(c), "error: connection", true)
    t.error(function() compare({ bad }, { "p" }, { temprature = 1 }) end,
        "did you mean temperature")
    t.error(function() compare(bad, { "p" }) end, "list of models")
    t.error(function() compare({ bad }, {}) end, "list of prompts")
end)

t.test("what a raw model continues, and a chat model answers", function()
    local seen = {}
    local raw = { name = "raw", render = function() error "no template" end,
        generate = function(_, prompt, opts)
            seen[#seen + 1] = { prompt, opts.special, opts.seed }
            return require("moonlet.generation").new { text = "went on" }
        end }
    compare({ raw }, { "Once" })
    raw.render = function(_, messages) return "<" .. messages[1].content .. ">" end
    compare({ raw }, { "Once" })
    compare({ raw }, { "Once" }, { chat = false, seed = 4, temperature = 1 })
    t.eq(seen, { { "Once" }, { "<Once>", false }, { "Once", nil, 4 } })
end)

t.test("Ctrl-C keeps what there is", function()
    local m = models.scripted { "abcdef", deltas = 1, faults = { { after = 3, interrupt = true } } }
    local c = compare({ named("a", "fine"), m, named("c", "never") }, { "p", "q" })
    t.eq({ #c.rows, #c.rows[1], c.interrupted, c.rows[1][2].text }, { 1, 2, true, "abc" })
    t.match(tostring(c), "interrupted", true)
end)

t.test("the table fits the screen, also in Hangul", function()
    local unicode, width = session.unicode, session.width
    session.unicode = true
    local answers = { "서울은 한국의 수도이고 큰 도시입니다. 한강이 흐릅니다.", "The capital is Seoul." }
    for _, columns in ipairs { 40, 60, 100 } do
        session.width = columns
        local shown = tostring(compare({ named("하나", answers[1]), named("two", answers[2]) },
            { "수도는 어디입니까? 그리고 어떤 강이 흐릅니까? 길게 답해 주세요." }))
        local bars = {}
        for line in (shown .. "\n"):gmatch "(.-)\n" do
            t.ok(text.width(line) < columns, line)
            local at = line:find("│", 1, true)
            if at then bars[#bars + 1] = text.width(line:sub(1, at - 1)) end
        end
        t.ok(#bars > 2)
        for _, bar in ipairs(bars) do t.eq(bar, bars[1]) end
    end
    session.width = 30 -- one below the other
    local shown = tostring(compare({ named("a", "x"), named("b", "y") }, { "p" }))
    t.ok(not shown:find("│", 1, true))
    session.unicode, session.width = unicode, width
end)

t.test("colours at the prompt, marks elsewhere", function()
    local c = compare({ named("a", "one two three four"), named("b", "one two 3 four") }, { "p" })
    t.match(tostring(c), "b: one two [-three-] {+3+} four", true)
    session.color = true
    local shown = getmetatable(c).__display(c)
    session.color = false
    t.match(shown, "\27[31m[-three-]\27[0m \27[32m{+3+}\27[0m", true)
    t.eq((shown:gsub("\27%[%d+m", "")), tostring(c))
    t.eq(word_diff.colored { "a [-b", "c-] {+d", "e", "f+}" }, { "a \27[31m[-b\27[0m",
        "\27[31mc-]\27[0m \27[32m{+d\27[0m", "\27[32me\27[0m", "\27[32mf+}\27[0m" })
    t.match(getmetatable(c).__display(c), "[-three-]", true)
end)

t.test("difference of words: edges", function()
    local function diff(a, b)
        local runs, share = word_diff.runs(a, b)
        return word_diff.text(runs), share
    end
    t.eq({ diff("a b", "a b") }, { "a b", 1 })
    t.eq({ diff("", "") }, { "", 1 })
    t.eq({ diff("", "x y") }, { "{+x y+}", 0 })
    t.eq({ diff("a b c d", "b c x d") }, { "[-a-] b c {+x+} d", 0.75 })
    local long = ("w "):rep(3000)
    t.eq({ diff(long .. "a " .. long, long .. "b " .. long) },
        { long .. "[-a-] {+b+} " .. long:sub(1, -2), 6000 / 6001 })
    local left, right = {}, {}
    for i = 1, 3000 do left[i], right[i] = "l" .. i, "r" .. i end
    t.eq(select(2, diff(table.concat(left, " "), table.concat(right, " "))), 0)
end)

t.test("text is wrapped at its width", function()
    t.eq(text.wrap("one two  three", 7), { "one two", "three" })
    t.eq(text.wrap("a\n\nb", 5), { "a", "", "b" })
    t.eq(text.wrap("", 5), { "" })
    t.eq(text.wrap("달이 뜬다", 4), { "달이", "뜬다" })
    t.eq(text.wrap("아주긴낱말", 4), { "아주", "긴낱", "말" })
    t.eq(text.wrap("x abcdefgh", 4), { "x", "abcd", "efgh" })
end)

t.done()
