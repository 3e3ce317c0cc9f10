-- SPDX-License-Identifier: Apache-2.0
-- A summary without training for summaries, as in "Language Models are Unsupervised Multitask
-- Learners" (GPT-2, 2019): a hint behind the text asks for it. The texts are fables, the reference
-- is the moral that was cut off, the measure SQuAD's F1 of words. Beside the hints stand what they
-- have to beat: the first sentence, the last one, and the moral of another fable. The demo model
-- has read fables of this kind and their morals, never a summary: which moral belongs to a fable it
-- has not seen is measured.
-- 힌트만 주고 요약시킵니다. 우화의 교훈을 얼마나 맞히는지 낱말 F1로 잽니다.
--     moonlet examples/tldr.lua [fables]

local here = arg[0]:match("^(.*/)") or "./"
local stories = dofile(here .. "data/stories.lua")
local random = dofile(here .. "data/random.lua")(2026)
local m = models.load "demo"

local fables, morals = {}, {}
while #fables < (tonumber(arg[1]) or 16) do
    local text, moral = stories.make(random):match("^(.*) Moral: (.*)$")
    if text then fables[#fables + 1], morals[#morals + 1] = text, moral end
end
print(("%d fables; the first: …%s\nits moral: %s\n"):format(#fables, fables[1]:sub(-70), morals[1]))

-- What is written behind the text and the hint, up to the end of its first sentence.
local function hinted(hint)
    local written = {}
    for i, text in ipairs(fables) do
        written[i] = m:generate(text .. hint, { max_tokens = 16 }).text:match("^%s*(.-[.!?])")
            or ""
    end
    return written
end

local function each(make)
    local written = {}
    for i, text in ipairs(fables) do written[i] = make(text, i) end
    return written
end

local methods = {
    { "hint Moral:", hinted " Moral:" },
    { "hint TL;DR:", hinted "\nTL;DR:" },
    { "no hint", hinted "" },
    { "first sentence", each(function(text) return text:match("^(.-%.)") end) },
    { "last sentence", each(function(text) return text:match("([^.!?]*%.)$") end) },
    { "another's moral", each(function(_, i) return morals[i % #morals + 1] end) },
}
local results = {}
for i, method in ipairs(methods) do
    local e = evals.token_f1(method[2], morals)
    results[i] = e
    print(("%-16s F1 %.3f  [%.3f, %.3f]   %s"):format(method[1], e.value, e.ci.low, e.ci.high,
        method[2][1]))
end

-- A hint works if it beats the same model without one, on the same fables.
for i = 1, 2 do
    local d = evals.paired(results[i], results[3])
    print(("%s against no hint: %+.3f  [%+.3f, %+.3f]  p=%.4f"):format(methods[i][1], d.value,
        d.ci.low, d.ci.high, d.p))
end
