-- SPDX-License-Identifier: Apache-2.0
-- m:rag over scripted models: the agreed prompt, every class of citation with its exact span, the
-- context's limit, what is printed.
local t = require "spec"
local citations = require "moonlet.citations"
local generation = require "moonlet.generation"
local models = require "moonlet.scripted"
local session = require "moonlet.session"
session.unicode = true

local CATS = "Cats sleep most of the day.\nA cat sleeps sixteen hours, or more. They purr."
local DOGS = "개는 하루에 열두 시간을 잔다. Dogs bark at night, and they love bones."
local function cats_and_dogs()
    return { { text = CATS:sub(29), source = "cats.md", id = 1, span = { 29, #CATS } },
        { text = DOGS, source = "dogs.md", id = 2, span = { 1, #DOGS } } }
end

local function statuses(answer)
    local list = {}
    for i, c in ipairs(citations.check(answer, cats_and_dogs())) do list[i] = c.status end
    return list
end

local function rag_of(reply, opts)
    return models.scripted { reply, cycle = true }:rag(cats_and_dogs, opts)
end

t.test("the prompt is the agreed one, word for word, and may be changed", function()
    local m = models.scripted { "I do not know.", cycle = true }
    local seen
    local rag = m:rag(function(question, opts)
        seen = { question, opts.k, opts.filter }
        return cats_and_dogs()
    end, { k = 2 })
    local answer = rag("How {long} do cats sleep %1?", { filter = { lang = "en" } })
    t.eq(seen, { "How {long} do cats sleep %1?", 2, { lang = "en" } })
    local wanted = { { role = "system", content = "Answer from the passages. Quote the words you "
        .. "use, then the passage's number: \"quote\" [1]. If they do not say, answer: I do not "
        .. "know." }, { role = "user", content = "[1] " .. CATS:sub(29) .. "\n[2] " .. DOGS
        .. "\n\nQuestion: How {long} do cats sleep %1?" } }
    t.eq(m.requests[1].messages, wanted)
    t.eq(answer.messages, wanted)
    t.eq(rag:messages "How {long} do cats sleep %1?", wanted)
    t.eq(generation.last_prompt().text, m:render(wanted, { add_generation_prompt = true }))
    t.eq({ answer.text, #answer.citations, answer:verified() }, { "I do not know.", 0, true })
    rag.prompt.system = ""
    rag.prompt.passage = "<{source}> {text}"
    t.match(rag:messages("x")[1].content, "^<cats.md> A cat")
    local own = m:rag(cats_and_dogs, { prompt = { user = "{question} | {passages}" } })
    t.match(own:messages("x")[2].content, "^x | %[1%] A cat")
    t.error(function() m:rag(cats_and_dogs, { prompt = { usr = "x" } }) end, "prompt.usr")
    t.match(m:rag(function() return {} end):messages("x")[2].content, "no passages found", true)
end)

t.test("a verified quotation has its bytes in the source", function()
    local answer = rag_of 'They do: "sleeps sixteen hours" [1] and "열두 시간을 잔다." [2].' "How long?"
    t.eq(#answer.citations, 2)
    local first, second = answer.citations[1], answer.citations[2]
    t.eq({ first.status, first.n, first.quote }, { "verified", 1, "sleeps sixteen hours" })
    t.eq(CATS:sub(first.span[1], first.span[2]), "sleeps sixteen hours")
    t.eq(DOGS:sub(second.span[1], second.span[2]), "열두 시간을 잔다.")
    t.eq(first.hit, answer.hits[1])
    t.eq(answer.text:sub(first.place[1], first.place[2]), '"sleeps sixteen hours" [1]')
    t.ok(answer:verified())
end)

t.test("every class of citation", function()
    t.eq(statuses '"They purr." [1]', { "verified" })
    t.eq(statuses '“They purr” [1] and 「열두 시간」[2]', { "verified", "verified" })
    t.eq(statuses '"They purr" [2]', { "misattributed" })
    t.eq(statuses '"cats never sleep at all" [1]', { "fabricated" })
    t.eq(statuses '"A cat sleeps ... and they love bones" [1]', { "stitched" })
    t.eq(statuses '"A cat sleeps sixteen hours and they love bones" [2]', { "stitched" })
    t.eq(statuses '"They purr" [3], [0] and [7]', { "bad number", "bad number", "bad number" })
    t.eq(statuses '"nobody said this thing" [9]', { "bad number" })
    t.eq(statuses "Sixteen hours [1].", { "unquoted" })
    t.eq(statuses 'The "cat" is here.', {})
    t.eq(statuses '"A cat sleeps sixteen hours".', { "verified" })
    t.eq(statuses '"nobody ever said this".', { "fabricated" })
    t.eq(statuses '"They purr" [1, 2][1]', { "verified", "misattributed", "verified" })
    t.eq(statuses '"They purr." [1] "They purr!" [1]', { "verified", "verified" })
    t.eq(statuses '"they purr" [1]', { "fabricated" }) -- word for word
    t.eq(statuses '"A cat sleeps seventeen hours, or more" [1]', { "fabricated" })
    t.eq(statuses 'a lone " mark [1]', { "unquoted" })
    t.eq(statuses "no citation at all", {})
end)

t.test("white space may differ; pattern characters are only characters", function()
    local hits = { { text = "one  two\nthree (100 %) [x] a.b*c", span = { 11, 42 } } }
    local c = citations.check('"two three (100 %) [x]" [1]', hits)[1]
    t.eq({ c.status, c.span[1], c.span[2] }, { "verified", 16, 36 })
    t.eq(citations.check('"axb*c" [1]', hits)[1].status, "fabricated")
end)

t.test("any mixture of pieces, none verbatim, is flagged", function()
    local words = {}
    for word in (CATS .. " " .. DOGS):gmatch "%S+" do words[#words + 1] = word end
    for i = 1, #words - 3 do
        for j = 1, #words - 3, 3 do
            local quote = table.concat(words, " ", i, i + 2) .. " "
                .. table.concat(words, " ", j, j + 2)
            local plain = (CATS:sub(29):gsub("%s+", " ") .. "\0" .. DOGS):find(quote, 1, true)
            if not plain then
                t.ok(citations.doubtful(statuses('"' .. quote .. '" [1]')[1]), quote)
            end
        end
    end
end)

t.test("the answer prints its doubts and its sources; a streamed one is not repeated", function()
    local rag = rag_of '"They purr" [1]. "cats never sleep here" [1]. "They purr" [2].'
    local answer = rag "What?"
    local printed = tostring(answer)
    t.match(printed, '"cats never sleep here" [1] ⚠ fabricated ⚠', true)
    t.match(printed, '"They purr" [2] ⚠ misattributed: it is in [1] ⚠', true)
    t.match(printed, "[1] cats.md:29-" .. #CATS, true)
    t.match(printed, "verified 66-74", true)
    t.eq(CATS:sub(66, 74), "They purr")
    t.eq(answer.text, '"They purr" [1]. "cats never sleep here" [1]. "They purr" [2].')
    t.eq(getmetatable(answer:table()), nil)
    t.eq(answer:verified(), false)
    local out, write = {}, session.write
    session.write, session.interactive = function(piece) out[#out + 1] = piece end, true
    answer = rag "What?"
    session.write, session.interactive = write, false
    t.eq(table.concat(out), answer.text .. "\n")
    t.match(getmetatable(answer).__display(answer), "^.*fabricated.*\n%[1%] cats.md.*\n%-%- ")
    session.unicode = false
    t.match(tostring(answer), "[1] (!) fabricated (!)", true)
    session.unicode = true
end)

t.test("passages that do not fit are left out, then cut; generate options go through", function()
    local m = models.scripted { "fine", cycle = true }
    local rag = m:rag(cats_and_dogs, { ctx = 100, max_tokens = 20, temperature = 0.5 })
    local answer = rag "Who sleeps?"
    t.eq({ #answer.hits, answer.dropped }, { 1, 1 })
    t.eq({ m.requests[1].opts.max_tokens, m.requests[1].opts.temperature }, { 20, 0.5 })
    t.eq(m.requests[1].opts.k, nil)
    local long = function() return { { text = ("가나다 "):rep(400), span = { 1, 4000 } } } end
    answer = m:rag(long, { ctx = 100, max_tokens = 20 }) "Who?"
    t.ok(#answer.hits[1].text > 30 and #answer.hits[1].text < 300)
    t.eq(answer.hits[1].span, { 1, #answer.hits[1].text })
    t.eq(("가나다 "):rep(400):sub(1, #answer.hits[1].text), answer.hits[1].text)
    t.ok(not answer.hits[1].text:find "[\234-\237][\128-\191]?$", "a character was cut")
    t.error(function() m:rag(long, { ctx = 60, max_tokens = 50 }) "Who?" end, "ask shorter")
end)

t.test("mistakes are named; an interrupted answer is still checked", function()
    local m = models.scripted { "x" }
    t.error(function() m:rag() end, "wanted a retriever")
    t.error(function() m:rag(cats_and_dogs, 3) end, "options are a number")
    t.error(function() m:rag(cats_and_dogs)(3) end, "wanted a question")
    t.error(function() m:rag(cats_and_dogs, { temprature = 1 }) "x" end, "did you mean temperature")
    m = models.scripted { '"They purr" [1] and more', deltas = 1,
        faults = { { after = 16, interrupt = true } } }
    local answer = m:rag(cats_and_dogs) "x"
    t.eq({ answer.interrupted, answer.citations[1].status }, { true, "verified" })
end)

t.done()
