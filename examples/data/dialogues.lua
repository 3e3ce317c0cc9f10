-- SPDX-License-Identifier: Apache-2.0
-- Generated dialogues for the demo model: small questions with answers that can be checked, in
-- English and some Korean, put into conversations of one to five turns. All of it is written here
-- or in facts.lua; the same seed gives the same dialogues.
--     local make = dofile "examples/data/dialogues.lua"
--     for messages in make{seed = 1, count = 3000} do … end    -- arrays of {role=, content=}

local here = debug.getinfo(1, "S").source:match("^@(.*)dialogues%.lua$") or ""
local facts = dofile(here .. "facts.lua")
local random = dofile(here .. "random.lua")
local stories = dofile(here .. "stories.lua")

-- Each kind: function(r) -> question, full answer[, brief answer]. r is a random.lua generator.
local kinds = {}
local function kind(weight, make) kinds[#kinds + 1] = { weight = weight, make = make } end

local function filled(pattern, a, b) return (pattern:gsub("%%1", a):gsub("%%2", b or "")) end

kind(4, function(r) -- greetings and thanks
    local row = r:pick(facts.greetings)
    return r:pick(row[1]), r:pick(row[2])
end)

kind(6, function(r) -- capitals, both ways
    local country, city = unpack(r:pick(facts.capitals))
    if r:chance(0.25) then
        return filled(r:pick { "Which country has the capital %1?",
            "%1 is the capital of which country?",
            "Of what country is %1 the capital?" }, city),
            filled("%1 is the capital of %2.", city, country), country .. "."
    end
    return filled(r:pick { "What is the capital of %1?", "Tell me the capital of %1.",
        "Name the capital of %1.", "What's the capital city of %1?", "Capital of %1?",
        "Do you know the capital of %1?", "The capital of %1 is" }, country),
        filled("The capital of %1 is %2.", country, city), city .. "."
end)

kind(4, function(r) -- authors
    local work, author = unpack(r:pick(facts.authors))
    return filled(r:pick { "Who wrote %1?", "Who is the author of %1?", "Who was %1 written by?",
        "Tell me who wrote %1.", "%1 was written by whom?" }, work),
        filled("%1 wrote %2.", author, work), author .. "."
end)

kind(5, function(r) -- opposites
    local a, b = unpack(r:pick(facts.opposites))
    if r:chance(0.5) then a, b = b, a end
    return filled(r:pick { "What is the opposite of %1?", "Give me the opposite of %1.",
        "What's the opposite of %1?", "Opposite of %1?", "The opposite of %1 is" }, a),
        filled("The opposite of %1 is %2.", a, b), (b:gsub("^%l", string.upper)) .. "."
end)

kind(4, function(r) -- colours
    local thing, colour = unpack(r:pick(facts.colours))
    return filled(r:pick { "What color is %1?", "What colour is %1?", "What is the color of %1?",
        "Tell me the color of %1." }, thing),
        (filled("%1 is %2.", thing, colour):gsub("^%l", string.upper)),
        (colour:gsub("^%l", string.upper)) .. "."
end)

kind(4, function(r) -- animals and their sounds, young and homes
    local animal, sound, young = unpack(r:pick(facts.animals))
    if r:chance(0.5) then
        return filled(r:pick { "What sound does a %1 make?", "What does a %1 say?" }, animal),
            filled("A %1 says %2.", animal, sound), (sound:gsub("^%l", string.upper)) .. "."
    end
    return filled(r:pick { "What is a young %1 called?", "What do you call a baby %1?" }, animal),
        filled("A young %1 is called a %2.", animal, young), "A " .. young .. "."
end)

kind(14, function(r) -- arithmetic
    local what = r:range(1, 4)
    local a, b, sign, word, result
    if what <= 2 then
        a, b = r:range(0, 12), r:range(0, 12)
        sign, word, result = "+", "plus", a + b
    elseif what == 3 then
        b, result = r:range(0, 12), r:range(0, 12)
        a, sign, word = b + result, "-", "minus"
    else
        a, b = r:range(0, 10), r:range(0, 10)
        sign, word, result = "*", "times", a * b
    end
    local left = r:chance(0.5) and a .. " " .. sign .. " " .. b or a .. " " .. word .. " " .. b
    return filled(r:pick { "What is %1?", "How much is %1?", "Calculate %1.", "%1 =", "%1?",
        "Can you tell me what %1 is?" }, left),
        filled("%1 is %2.", a .. " " .. word .. " " .. b, tostring(result)), result .. "."
end)

kind(5, function(r) -- counting
    local from, steps = r:range(1, 15), r:range(2, 7)
    local list, down = {}, r:chance(0.3)
    for i = 0, steps do list[i + 1] = down and from + steps - i or from + i end
    return filled(down and r:pick { "Count down from %1 to %2.", "Count backwards from %1 to %2." }
        or r:pick { "Count from %1 to %2.", "Please count from %1 to %2.",
            "Count up from %1 to %2." },
        tostring(list[1]), tostring(list[#list])), table.concat(list, ", ") .. "."
end)

kind(3, function(r) -- what comes next
    local row = r:pick(facts.sequences)
    local i = r:range(1, #row - 1)
    if r:chance(0.6) then
        return filled(r:pick { "What comes after %1?", "What follows %1?" }, row[i]),
            filled("After %1 comes %2.", row[i], row[i + 1]), row[i + 1] .. "."
    end
    return filled("What comes before %1?", row[i + 1]),
        filled("Before %1 comes %2.", row[i + 1], row[i]), row[i] .. "."
end)

kind(6, function(r) -- yes and no
    local what = r:range(1, 3)
    if what == 1 then
        local a, b = r:range(0, 20), r:range(0, 20)
        local more = r:chance(0.5)
        local yes
        if more then yes = a > b else yes = a < b end
        return filled(more and "Is %1 greater than %2?" or "Is %1 less than %2?", tostring(a),
            tostring(b)), ("%s, %d is %s%s than %d."):format(yes and "Yes" or "No", a,
            yes and "" or "not ", more and "greater" or "less", b), yes and "Yes." or "No."
    elseif what == 2 then
        local country, city = unpack(r:pick(facts.capitals))
        local yes, other = r:chance(0.5), city
        if not yes then
            repeat other = r:pick(facts.capitals)[2] until other ~= city
        end
        return filled("Is %1 the capital of %2?", other, country), yes
            and filled("Yes, %1 is the capital of %2.", other, country)
            or filled("No, the capital of %1 is %2.", country, city), yes and "Yes." or "No."
    end
    local thing, class = unpack(r:pick(facts.classes))
    local yes, other = r:chance(0.5), class
    if not yes then
        repeat other = r:pick(facts.classes)[2] until other ~= class
    end
    return filled("Is %1 %2?", thing, other), yes and filled("Yes, %1 is %2.", thing, class)
        or filled("No, %1 is %2.", thing, class), yes and "Yes." or "No."
end)

kind(8, function(r) -- repeat after me
    local words = {}
    for i = 1, r:range(1, 5) do words[i] = r:pick(facts.words) end
    local said = table.concat(words, " ")
    return filled(r:pick { "Repeat after me: %1", "Say: %1", "Please say %1", "Repeat: %1",
        "Repeat this: %1", "따라 하세요: %1" }, said), said
end)

kind(10, function(r) -- moonlet itself
    local row = r:pick(facts.moonlet)
    return r:pick(row[1]), row[2], row[3]
end)

kind(4, function(r) -- morals of fables
    local fable, moral = unpack(r:pick(facts.fables))
    return filled(r:pick { "What is the moral of %1?", "What does %1 teach?",
        "What do we learn from %1?" }, fable), filled("The moral of %1 is: %2", fable, moral), moral
end)

kind(4, function(r) -- stories
    local animal = r:pick(stories.animals)
    return filled(r:pick { "Tell me a story about a %1.", "Tell me a short story about a %1.",
        "Tell a fable about a %1.", "I want to hear a story about a %1." }, animal),
        stories.make(r, animal)
end)

kind(3, function(r) -- what it cannot know
    return r:pick(facts.unknowable), r:pick { "I do not know that.",
        "I am a very small model, so I do not know that.", "I cannot know that." }, "I do not know."
end)

kind(8, function(r) -- Korean
    local row = r:pick(facts.korean)
    return r:pick(row[1]), row[2], row[3]
end)

local total = 0
for _, k in ipairs(kinds) do total = total + k.weight end

local function draw(r)
    local at = r:range(1, total)
    for _, k in ipairs(kinds) do
        at = at - k.weight
        if at <= 0 then return k.make(r) end
    end
end

-- The ways people type the same question.
local function varied(r, question)
    if r:chance(0.12) then question = question:gsub("[?.]$", "") end
    if r:chance(0.08) then question = question:gsub("^%u", string.lower) end
    if r:chance(0.04) and question:find("^%a") then question = "Please answer: " .. question end
    return question
end

local function dialogue(r)
    local messages, brief = {}, false
    if r:chance(0.4) then
        brief = r:chance(0.5)
        messages[1] = { role = "system",
            content = r:pick(brief and facts.brief_systems or facts.systems) }
    end
    local function say(user, assistant)
        messages[#messages + 1] = { role = "user", content = user }
        messages[#messages + 1] = { role = "assistant", content = assistant }
    end
    local name = r:chance(0.15) and r:pick(facts.names)
    if name then
        say(filled(r:pick { "My name is %1.", "I am %1.", "Hi, I'm %1.", "Call me %1." }, name),
            filled(r:pick { "Nice to meet you, %1.", "Hello, %1!" }, name))
    end
    for _ = 1, r:pick { 1, 1, 1, 2, 2, 3 } do
        local question, full, short = draw(r)
        say(varied(r, question), brief and short or full)
    end
    if name then
        say(r:pick { "What is my name?", "Who am I?", "Do you remember my name?" },
            brief and name .. "." or "Your name is " .. name .. ".")
    end
    return messages
end

return function(opts)
    local r, left = random(opts.seed or 1), opts.count or 1000
    return function()
        left = left - 1
        if left >= 0 then return dialogue(r) end
    end
end
