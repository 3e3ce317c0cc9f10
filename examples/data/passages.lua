-- SPDX-License-Identifier: Apache-2.0
-- Generated questions about numbered passages for the demo model. The answer quotes, word for word,
-- the sentence that answers, with its passage's number; where no passage answers: I do not know.
--     local passages = dofile "examples/data/passages.lua"
--     for row in passages.rows{seed = 1, count = 900, documents = {"A text.", …}} do
--         row.messages; row.kind            -- kind of the last answer: "quote", "unknown", "repeat"
-- Facts of invented places, people, commands and keys are written here; `documents` (any texts) lend
-- their sentences, asked for by words they contain.

local here = debug.getinfo(1, "S").source:match("^@(.*)passages%.lua$") or ""
local random = dofile(here .. "random.lua")
local names = dofile(here .. "names.lua")

local passages = {}

passages.system = 'Answer from the passages. Quote the words you use, then the passage\'s number: '
    .. '"quote" [1]. If they do not say, answer: I do not know.'
passages.unknown = "I do not know."

local function filled(pattern, words)
    return (pattern:gsub("%%(%a)", words))
end

-- What passages say of an invented place or person: {sentence, question…}.
local PLACE = {
    { "%n was founded in %y.", "When was %n founded?", "In which year was %n founded?" },
    { "The mayor of %n is %p.", "Who is the mayor of %n?" },
    { "About %d thousand people live in %n.", "How many people live in %n?" },
    { "%n lies on the river %q.", "On which river does %n lie?", "Where does %n lie?" },
    { "The museum of %n opens at %h.", "When does the museum of %n open?" },
    { "The old bridge of %n is %d metres long.", "How long is the bridge of %n?" },
    { "%n is known for its %o.", "What is %n known for?" },
    { "The train from %n to %q takes %d minutes.", "How long is the train from %n to %q?" },
    { "A ticket to %n costs %d crowns.", "What does a ticket to %n cost?" },
    { "In %n it rains on %d days of the year.", "On how many days does it rain in %n?" },
}
local PERSON = {
    { "%n was born in %q in %y.", "Where was %n born?", "When was %n born?" },
    { "%n works as a %j in %q.", "What does %n do?", "Where does %n work?" },
    { "The favourite colour of %n is %c.", "What is the favourite colour of %n?" },
    { "%n wrote a book about %o.", "What did %n write about?", "What book did %n write?" },
    { "%n has %d brothers and sisters.", "How many brothers and sisters does %n have?" },
    { "Every %w %n plays the violin.", "When does %n play the violin?" },
    { "%n lives beside the %o market.", "Where does %n live?" },
    { "%n studied with %p.", "With whom did %n study?", "Who taught %n?" },
}
local OBJECTS = { "bread", "lamps", "honey", "glass", "apples", "ships", "clocks", "cheese",
    "roses", "salt", "paper", "horses", "bells", "silk", "fish", "tea" }
local JOBS = { "baker", "teacher", "doctor", "sailor", "painter", "farmer", "judge", "smith" }
local COLOURS = { "red", "green", "blue", "yellow", "black", "white", "orange", "brown" }
local WEEK = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" }

-- What a manual says: things are done with functions, keys, options and commands.
local ACTIONS = { { "open", "opens" }, { "close", "closes" }, { "save", "saves" },
    { "remove", "removes" }, { "copy", "copies" }, { "show", "shows" }, { "search", "searches" },
    { "count", "counts" }, { "split", "splits" }, { "rename", "renames" }, { "sort", "sorts" },
    { "print", "prints" }, { "load", "loads" }, { "stop", "stops" }, { "compare", "compares" },
    { "repeat", "repeats" }, { "move", "moves" }, { "write", "writes" }, { "read", "reads" },
    { "train", "trains" }, { "export", "exports" }, { "filter", "filters" } }
local THINGS = { "a model", "the history", "a file", "the last answer", "a folder", "the screen",
    "a dataset", "the word to the left", "a chat", "the prompt", "a table", "the weights",
    "a checkpoint", "the whole line", "an index", "the passages", "a tokenizer", "the log",
    "all messages", "the settings", "a picture", "the rows", "a script", "an adapter" }
local ENDS = { "", "", "", " at once", " in the background", " without asking", " and its copy",
    " in one step", " before anything else", " and says so", ", even a large one",
    ", which takes a second", ", and the rest stays as it is", ", as other programs do" }
local MANUAL = {
    { "`%f` %s %t%e.", "How do I %b %t?", "Which function %s %t?", "What does `%f` do?",
        "How can I %b %t?", "What %s %t?" },
    { "`%f{%i=%d}` %s %t%e.", "How do I %b %t?", "Which call %s %t?" },
    { "Press %k to %b %t%e.", "Which key %s %t?", "How do I %b %t?", "What does %k do?" },
    { "%k %s %t%e.", "Which key %s %t?", "What does %k do?", "How can I %b %t?" },
    { "With `%i=%d` the program %s %t%e.", "What does `%i` do?", "How do I %b %t?" },
    { "The option `%i` is %d unless you %b %t.", "What is the default of `%i`?",
        "What is the option `%i`?" },
    { "To %b %t, type `%f`%e.", "How do I %b %t?", "What do I type to %b %t?" },
    { "`:%i` %s %t%e.", "Which command %s %t?", "How do I %b %t?", "What does `:%i` do?" },
    { "An error says that you cannot %b %t%e.", "Can I %b %t?", "What does the error say?" },
    { "%M is the part that %s %t%e.", "What is %M?", "Which part %s %t?" },
}

-- The facts of one passage: 1 to 3 different ones, and for each what may be asked.
local function facts(r)
    local list = r:pick { PLACE, PERSON, MANUAL, MANUAL }
    local name, count, chosen, sentences = names.word(r), r:range(1, 3), {}, {}
    while #sentences < count do
        local at = r:range(1, #list)
        if not chosen[at] then
            chosen[at] = true
            local action = r:pick(ACTIONS)
            local words = { n = name, p = names.word(r) .. " " .. names.word(r),
                q = names.word(r), y = r:range(1100, 2020), d = r:range(2, 99),
                h = r:range(7, 11) .. " o'clock", o = r:pick(OBJECTS), j = r:pick(JOBS),
                c = r:pick(COLOURS), w = r:pick(WEEK), b = action[1], s = action[2],
                t = r:pick(THINGS), e = r:pick(ENDS), f = names.call(r), i = names.identifier(r),
                k = names.key(r), M = name }
            local asked = list[at][r:range(2, #list[at])]
            sentences[#sentences + 1] = { text = filled(list[at][1], words),
                question = filled(asked, words) }
        end
    end
    return sentences
end

local PLAIN = {}
for word in ([[about after again all also and any are because been before both but can cannot could
    did does each even every for from had has have her here him his how into its just like made make
    many may more most much must not now off one only other our out over own said she should some
    such than that the their them then there these they this those through too under until upon
    very was well were what when where which while who whom why will with without would you your
    is it in on of to be by an as at or if so no do he we us me my a i]]):gmatch "%a+" do
    PLAIN[word] = true
end

-- The sentences of a text that are neither very short nor long; line breaks are blanks.
function passages.sentences(text)
    local list = {}
    for sentence in (text:gsub("^#+ [^\n]*", ""):gsub("%s+", " ") .. " "):gmatch "(.-[%.!?][\"')]*) " do
        if #sentence > 12 and #sentence <= 240 then list[#list + 1] = sentence end
    end
    return list
end

-- A question in words of the sentence: several of them in their order, some ends changed.
local OPENERS = { "What about", "What is said of", "How do I", "How does", "Why", "When", "Which",
    "What is", "Where", "What happens when", "Who", "What does it say about", "How can I", "Is" }
local function asked_of(r, sentence)
    local words, content = {}, {}
    for word in sentence:gmatch "[^%s,;:%.!?\"()]+" do
        words[#words + 1] = word
        local plain = word:lower()
        if #plain > 2 and not PLAIN[plain] then content[#content + 1] = #words end
    end
    if #content < 2 then return nil end
    local from = r:range(1, math.max(1, #content - 2))
    local last = math.min(#content, from + r:range(1, 3))
    local kept = {}
    local all = r:chance(0.5) -- a stretch of the sentence, or its content words with others between
    for i = content[from], content[last] do
        local plain = words[i]:lower()
        if all or not PLAIN[plain] or r:chance(0.4) then
            local word = words[i]:find "^%u%l+$" and i == 1 and plain or words[i]
            if r:chance(0.15) then word = word:gsub("s$", "") end
            kept[#kept + 1] = word
        end
    end
    local said = table.concat(kept, " ")
    if sentence:find "[\234-\237][\128-\191]" then -- Hangul
        return said .. r:pick { "?", " 무엇인가요?", " 어떻게 되나요?", " 왜요?" }
    end
    return r:pick(OPENERS) .. " " .. said .. "?"
end

-- 1 to 4 neighbouring sentences of a document.
local function excerpt(r, document)
    local n = math.min(#document, r:pick { 1, 1, 2, 2, 3, 4 })
    local from, sentences, bytes = r:range(1, #document - n + 1), {}, 0
    for i = from, from + n - 1 do
        bytes = bytes + #document[i]
        if i > from and bytes > 420 then break end
        sentences[#sentences + 1] = { text = document[i] }
    end
    return sentences
end

-- The part of the question's telling words that the text has.
local function overlap(text, question)
    local found, asked = 0, 0
    text = text:lower()
    for word in question:lower():gmatch "[^%s?`]+" do
        if #word > 3 and not PLAIN[word] then
            asked, found = asked + 1, found + (text:find(word, 1, true) and 1 or 0)
        end
    end
    return asked > 0 and found / asked or 0
end

local function row(r, documents, part)
    local from_text = #documents > 0 and r:chance(part)
    local document = from_text and r:pick(documents)
    local function draw()
        if not from_text then return facts(r) end
        if r:chance(0.6) then document = r:pick(documents) end
        return excerpt(r, document)
    end
    if r:chance(0.3) then -- copying alone
        local s = r:pick(draw())
        return { kind = "repeat", messages = { { role = "user", content = r:pick { "Repeat after me: ",
            "Repeat: ", "Say: " } .. s.text }, { role = "assistant", content = s.text } } }
    end
    local list, texts, seen, bytes = {}, {}, {}, 0
    for _ = 1, r:pick { 1, 2, 2, 2, 3, 3 } do
        local sentences = draw()
        local said = {}
        for j, s in ipairs(sentences) do said[j] = s.text end
        local text = table.concat(said, " ")
        if r:chance(0.1) then text = "# " .. names.word(r) .. "\n\n" .. text end
        if r:chance(0.1) then -- a cut sentence in front
            text = (r:pick(draw()).text:match "^%S+ %S+ (.+)" or "") .. " " .. text
        end
        if bytes + #text < 900 and not seen[text] then
            seen[text], bytes = true, bytes + #text
            texts[#texts + 1] = text
            list[#list + 1] = sentences
        end
    end
    if #list == 0 then return nil end
    local all = table.concat(texts, "\n")
    for i, text in ipairs(texts) do texts[i] = ("[%d] %s"):format(i, text) end
    local messages, kind = { { role = "system", content = passages.system } }, nil
    for turn = 1, r:pick { 1, 1, 2, 3 } do -- more than one question: more answers for the reading
        local s, question, answer, at
        if r:chance(0.18) then -- asked of what is not there
            s = r:pick(draw())
            question, answer, kind = s.question or asked_of(r, s.text), passages.unknown, "unknown"
            if not question or overlap(all, question) > 0.4 then return nil end
        else
            at = r:range(1, #list)
            s = r:pick(list[at])
            question, kind = s.question or asked_of(r, s.text), "quote"
            if not question or #s.text > 220 then return nil end
            answer = ('"%s" [%d]'):format(s.text, at)
        end
        question = "Question: " .. question
        messages[#messages + 1] = { role = "user",
            content = turn == 1 and table.concat(texts, "\n") .. "\n\n" .. question or question }
        messages[#messages + 1] = { role = "assistant", content = answer }
    end
    return { kind = kind, messages = messages }
end

--- Rows {messages=, kind=}; documents: texts whose sentences are used in half of the rows, or in
--- all with only_documents.
function passages.rows(opts)
    local r, left, documents = random(opts.seed or 1), opts.count or 1000, {}
    for _, text in ipairs(opts.documents or {}) do
        local sentences = passages.sentences(text)
        if #sentences > 0 then documents[#documents + 1] = sentences end
    end
    return function()
        left = left - 1
        if left < 0 then return nil end
        local made
        repeat made = row(r, documents, opts.only_documents and 1 or 0.5) until made
        return made
    end
end

return passages
