-- SPDX-License-Identifier: Apache-2.0
-- Generated dialogues with tools for the demo model: which tools are offered changes from dialogue to
-- dialogue, with their names and parameters; the model calls one, two at once or one after the
-- other, copies the arguments from the question, and answers from the results.
--     local tool_dialogues = dofile "examples/data/tool_dialogues.lua"
--     for row in tool_dialogues.rows{seed = 1, count = 900, plain = next_dialogue} do … end
-- row.messages: with tool_calls and role tool; row.tools: what is offered; row.kind. `plain` gives
-- the messages of dialogues that need no tool. cities = "held out" asks for other cities.

local here = debug.getinfo(1, "S").source:match("^@(.*)tool_dialogues%.lua$") or ""
local facts = dofile(here .. "facts.lua")
local random = dofile(here .. "random.lua")
local tool_kinds = dofile(here .. "tool_kinds.lua")
local kinds, city_of, KOREAN = tool_kinds.kinds, tool_kinds.city, tool_kinds.korean

local function filled(pattern, words) return (pattern:gsub("%%(%a)", words)) end

local ALL = {}
for name in pairs(kinds) do ALL[#ALL + 1] = name end
table.sort(ALL)

local function sentence(text) return (text:gsub("^%l", string.upper)) .. "?" end

-- The messages of tasks done at once: the calls, the results in their order, the answer.
local function together(messages, tasks, answer)
    local calls = {}
    for i, task in ipairs(tasks) do calls[i] = task.call end
    messages[#messages + 1] = { role = "assistant", content = "", tool_calls = calls }
    for _, task in ipairs(tasks) do
        messages[#messages + 1] = { role = "tool", content = task.result }
    end
    if answer then messages[#messages + 1] = { role = "assistant", content = answer } end
end

local function user(messages, text) messages[#messages + 1] = { role = "user", content = text } end

local forms = {}

function forms.one(r, messages, offered)
    for _ = 1, r:pick { 1, 1, 1, 2 } do
        local task = r:pick(offered).ask()
        user(messages, task.question or sentence(task.part))
        together(messages, { task }, task.answer)
    end
end

function forms.two(r, messages, offered)
    local a, b = r:pick(offered).ask(), r:pick(offered).ask()
    if not a.part or not b.part then return forms.one(r, messages, offered) end
    user(messages, sentence(a.part .. r:pick { " and ", ", and " } .. b.part))
    together(messages, { a, b }, a.answer .. " " .. b.answer)
end

function forms.compare(r, messages, offered, held_out)
    local w
    for _, k in ipairs(offered) do w = k.look and k or w end
    if not w then return forms.two(r, messages, offered) end
    local korean = not held_out and r:chance(0.12)
    local x, y
    repeat
        x = korean and r:pick(KOREAN) or city_of(r, held_out)
        y = korean and r:pick(KOREAN) or city_of(r, held_out)
    until x ~= y
    local a, b = w.look(x), w.look(y)
    local warm = r:chance(0.6)
    if korean then
        user(messages, filled(r:pick { "%a과 %b 중 어디가 더 따뜻해요?", "%a하고 %b 중 어디가 더 따뜻한가요?" },
            { a = x, b = y }))
    else
        user(messages, filled(r:pick { "Is it %w in %a or in %b?", "Is it %w in %a or %b?",
            "Which is %w, %a or %b?", "Where is it %w, in %a or in %b?" },
            { a = x, b = y, w = warm and "warmer" or "colder" }))
    end
    local first = a.value > b.value
    if not warm and not korean then first = not first end
    local answer
    if korean then
        answer = ("%s은 %d도, %s은 %d도입니다. "):format(x, a.value, y, b.value)
            .. (a.value == b.value and "같습니다." or (first and x or y) .. "이 더 따뜻합니다.")
    else
        answer = ("It is %d degrees in %s and %d degrees in %s, so "):format(a.value, x, b.value, y)
            .. (a.value == b.value and "it is the same." or ("it is %s in %s."):format(
                warm and "warmer" or "colder", first and x or y))
    end
    together(messages, { a, b }, answer)
end

function forms.chain(r, messages, offered, held_out)
    local w, c
    for _, k in ipairs(offered) do w, c = k.look and k or w, k.work and k or c end
    if not w or not c then return forms.one(r, messages, offered) end
    local city, n = city_of(r, held_out), r:range(2, 20)
    local a = w.look(city)
    if a.value < 0 then a.value, a.result = -a.value, a.result:gsub("%-", "") end
    local sign = r:pick { "*", "+" }
    local b = c.work(a.value, sign, n)
    user(messages, ("What is the temperature in %s %s %d?"):format(city, sign == "*" and "times"
        or "plus", n))
    together(messages, { a })
    together(messages, { b }, b.answer)
end

function forms.none(r, messages, offered, _, plain)
    if r:chance(0.35) then -- asked of what no tool here does
        local has = {}
        for _, k in ipairs(offered) do has[k.kind] = true end
        local kind = r:pick(ALL)
        if not has[kind] then
            local asked = kinds[kind](r).ask()
            user(messages, asked.question or sentence(asked.part))
            messages[#messages + 1] = { role = "assistant", content = "I have no tool for that." }
            return
        end
    end
    local said
    repeat -- sums are for the calculator, brief answers for those who ask for them
        said = plain()
        local digits = false
        for _, m in ipairs(said) do digits = digits or m.content:find "%d" end
    until said[1].role ~= "system" and not digits
    for _, m in ipairs(said) do messages[#messages + 1] = m end
end

local ORDER = { "one", "one", "one", "one", "two", "two", "compare", "compare", "chain", "none" }

local function row(r, opts)
    local form = r:pick(ORDER)
    local wanted = r:pick { 1, 1, 2, 2, 2, 3 }
    local chosen, offered, tools = {}, {}, {}
    local function offer(kind)
        if chosen[kind] then return end
        chosen[kind] = true
        local made = kinds[kind](r, opts.cities == "held out")
        made.kind = kind
        table.insert(offered, r:range(1, #offered + 1), made)
    end
    if form == "compare" or form == "chain" or r:chance(0.6) then offer "weather" end
    if form == "chain" or r:chance(0.55) then offer "calculator" end
    while #offered < wanted do offer(r:pick(ALL)) end
    for i, k in ipairs(offered) do tools[i] = k.tool end
    local messages = {}
    if r:chance(0.4) then messages[1] = { role = "system", content = r:pick(facts.systems) } end
    forms[form](r, messages, offered, opts.cities == "held out", opts.plain)
    return { kind = form, messages = messages, tools = tools }
end

--- Rows {messages=, tools=, kind=}; see above.
return { rows = function(opts)
    local r, left = random(opts.seed or 1), opts.count or 1000
    return function()
        left = left - 1
        if left >= 0 then return row(r, opts) end
    end
end }
