-- SPDX-License-Identifier: Apache-2.0
-- Short film reviews with labels, put together from parts written here, English and some Korean. Many
-- turn on word order: "not bad", "I expected little and got much", "good actors, wasted".
--     for each row of dofile "reviews.lua"{seed = 1, count = 400}: row.text, row.label
--     (label "positive" or "negative"; the same words occur on both sides)

local here = debug.getinfo(1, "S").source:match("^@(.*)reviews%.lua$") or ""
local random = dofile(here .. "random.lua")

local THINGS = { "the story", "the acting", "the music", "the ending", "the first half",
    "the camera work", "the dialogue", "the pace", "the cast", "the humour", "this film" }
local GOOD = { "moving", "clever", "funny", "beautiful", "gripping", "fresh", "honest", "warm" }
local BAD = { "dull", "silly", "empty", "loud", "flat", "stale", "false", "cold" }
local ASIDES = { "", "", " I saw it with my sister.", " It runs for two hours.",
    " The cinema was half full.", " My friend had read the book." }

-- Each pattern: good(g, b) and bad(g, b) of one thing; %t a thing, %g a good word, %b a bad one.
local PATTERNS = {
    { "%t was %g.", "%t was %b." },
    { "%t was not %b at all.", "%t was not %g at all." },
    { "I expected something %b, but %t was %g.", "I expected something %g, but %t was %b." },
    { "%t is never %b.", "%t is never %g." },
    { "Less %b than they say; %t stays with me.", "Less %g than they say; I forgot %t at once." },
    { "Hardly a %b minute.", "Hardly a %g minute." },
    { "They call it %b. They are wrong: it is %g.", "They call it %g. They are wrong: it is %b." },
    { "%t starts %b and ends %g.", "%t starts %g and ends %b." },
    { "Go and see it, %t is %g.", "Save your money, %t is %b." },
}
local KOREAN = {
    positive = { "정말 재미있게 봤어요.", "배우들의 연기가 훌륭했다.", "지루할 틈이 없었다.", "다시 보고 싶은 영화.",
        "기대하지 않았는데 감동했다.", "음악이 아름답다.", "나쁘지 않다, 추천한다.", "눈물이 났다, 최고." },
    negative = { "너무 지루했다.", "배우들의 연기가 아쉽다.", "재미있을 틈이 없었다.", "다시는 보고 싶지 않은 영화.",
        "기대했는데 실망했다.", "음악이 시끄럽다.", "좋지 않다, 비추천.", "돈이 아깝다, 최악." },
}

local function review(r)
    local label = r:chance(0.5) and "positive" or "negative"
    if r:chance(0.15) then return { text = r:pick(KOREAN[label]), label = label } end
    local words = { t = r:pick(THINGS), g = r:pick(GOOD), b = r:pick(BAD) }
    local pattern = r:pick(PATTERNS)[label == "positive" and 1 or 2]
    local text = pattern:gsub("%%(%a)", words):gsub("^%l", string.upper)
    return { text = text .. r:pick(ASIDES), label = label }
end

return function(opts)
    local r, rows = random(opts.seed or 1), {}
    for i = 1, opts.count or 400 do rows[i] = review(r) end
    return rows
end
