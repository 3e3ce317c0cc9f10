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
local names = dofile(here .. "names.lua")

local CITIES = { "Seoul", "Busan", "Oslo", "Paris", "Rome", "Tokyo", "London", "Berlin", "Daegu",
    "Incheon", "Jeju", "Vienna", "Madrid", "Athens", "Cairo", "Lima", "Delhi", "Moscow", "Warsaw",
    "Prague", "Zurich", "Geneva", "Milan", "Naples", "Turin", "Lyon", "Nice", "Porto", "Dublin",
    "Cork", "Leeds", "York", "Bath", "Boston", "Chicago", "Dallas", "Denver", "Miami", "Seattle",
    "Toronto", "Sydney", "Perth", "Osaka", "Kyoto", "Nagoya", "Beijing", "Hanoi", "Manila",
    "Jakarta", "Dubai", "Tehran", "Baghdad", "Lagos", "Accra", "Tunis", "Havana", "Bogota",
    "Quito", "Santiago", "Hamburg", "Munich", "Cologne", "Bremen", "Stuttgart", "Leipzig",
    "Bergen", "Helsinki", "Stockholm", "Copenhagen", "Riga", "Vilnius", "Tallinn", "Kiev",
    "Budapest", "Sofia", "Zagreb", "Nairobi", "Bangkok", "New York", "Mexico City", "Los Angeles",
    "Hong Kong", "Cape Town", "Suwon", "Gwangju", "Daejeon", "Ulsan", "Jeonju" }
local HELD_OUT = { "Lisbon", "Brussels", "Singapore", "Istanbul", "Montreal", "Glasgow", "Reykjavik",
    "Valencia", "Krakow", "Marseille", "Auckland", "Ottawa", "Gangneung", "Pohang", "Salzburg",
    "Bristol" }
local KOREAN = { "서울", "부산", "대구", "인천", "광주", "대전", "울산", "수원", "제주", "전주", "강릉", "포항",
    "춘천", "경주", "여수", "목포", "도쿄", "파리", "런던", "베를린" }
local SKIES = { "clear", "cloudy", "rain", "snow", "sunny", "windy", "fog" }

local function filled(pattern, words) return (pattern:gsub("%%(%a)", words)) end

-- One tool as the model is told of it.
local function tool(name, description, parameters)
    local properties, required = {}, {}
    for i, p in ipairs(parameters) do
        properties[p[1]], required[i] = { type = p[2] or "string" }, p[1]
    end
    return { type = "function", ["function"] = { name = name, description = description,
        parameters = { type = "object", properties = properties, required = required } } }
end

local function call(name, arguments)
    return { type = "function", ["function"] = { name = name, arguments = arguments } }
end

-- {"celsius":21}, or with blanks as Python writes it, or with the fields the other way round.
local function object(r, fields)
    local parts, blank = {}, r:chance(0.3) and " " or ""
    for i, f in ipairs(fields) do parts[i] = json.encode(f[1]) .. ":" .. blank .. json.encode(f[2]) end
    if #parts == 2 and r:chance(0.3) then parts[1], parts[2] = parts[2], parts[1] end
    return "{" .. table.concat(parts, "," .. blank) .. "}"
end

-- A kind of tool is made anew for each dialogue: {tool=, ask=function(r) -> task}. A task is
-- {question=, call=, result=, answer=, part=}: part is the question inside a longer one.
local kinds = {}

local function city_of(r, held_out)
    if held_out then return r:pick(HELD_OUT) end
    return r:chance(0.35) and names.word(r) or r:pick(CITIES)
end

function kinds.weather(r, held_out)
    local usual = r:chance(0.6)
    local name = usual and "get_weather" or r:pick { "weather", "current_weather", "weather_in" }
    local key = usual and "city" or r:pick { "city", "city", "location", "place" }
    local w = { tool = tool(name, r:pick { "Current weather of a city", "Current weather of a city",
        "The weather in a city", "Weather of a place now" }, { { key } }), key = key, name = name }
    local field = r:pick { "celsius", "celsius", "celsius", "temperature" }
    local sky = r:chance(0.7)
    function w.look(city, korean)
        local degrees, is = r:range(-9, 39), r:pick(SKIES)
        local fields = { { field, degrees } }
        if sky then table.insert(fields, r:range(1, 2), { "sky", is }) end
        return { call = call(name, { [key] = city }), result = object(r, fields), value = degrees,
            answer = korean and ("%s의 기온은 %d도입니다."):format(city, degrees)
                or ("It is %d degrees%s in %s."):format(degrees, sky and " and " .. is or "", city) }
    end
    function w.ask()
        if r:chance(0.15) and not held_out then
            local city = r:pick(KOREAN)
            local task = w.look(city, true)
            task.question = filled(r:pick { "%a 날씨 어때요?", "%a 날씨가 어때요?", "지금 %a 날씨는?",
                "%a의 날씨를 알려 주세요.", "%a은 몇 도예요?" }, { a = city })
            return task
        end
        local city = city_of(r, held_out)
        local task = w.look(city)
        task.part = filled(r:pick { "what is the weather in %a", "how warm is it in %a",
            "what is the weather like in %a", "how is the weather in %a" }, { a = city })
        task.question = r:chance(0.25) and filled(r:pick { "Tell me the weather in %a.",
            "Weather in %a?", "Is it cold in %a?", "How cold is %a today?" }, { a = city })
        return task
    end
    return w
end

function kinds.calculator(r)
    local usual = r:chance(0.7)
    local name = usual and "calculator" or r:pick { "calculate", "math", "eval" }
    local key = usual and "expression" or r:pick { "expression", "formula", "input" }
    local c = { name = name, key = key, tool = tool(name, r:pick { "Calculate an arithmetic expression",
        "Evaluates an expression", "Does arithmetic" }, { { key } }) }
    local bare = r:chance(0.4)
    local field = r:pick { "result", "result", "value" }
    function c.work(a, sign, b)
        local value = sign == "+" and a + b or sign == "-" and a - b or a * b
        return { call = call(name, { [key] = a .. sign .. b }), value = value,
            result = bare and tostring(value) or object(r, { { field, value } }),
            answer = ("%d %s %d is %d."):format(a, sign, b, value) }
    end
    function c.ask()
        local limit = r:pick { 20, 99, 99, 999 }
        local a, b, sign = r:range(2, limit), r:range(2, limit), r:pick { "+", "-", "*", "*" }
        local task = c.work(a, sign, b)
        local word = ({ ["+"] = "plus", ["-"] = "minus", ["*"] = "times" })[sign]
        local said = r:pick { a .. sign .. b, a .. " " .. sign .. " " .. b,
            a .. " " .. word .. " " .. b }
        if r:chance(0.1) then
            task.question, task.answer = said .. r:pick { "는 얼마예요?", "는 얼마입니까?" },
                ("답은 %d입니다."):format(task.value)
            return task
        end
        task.part = r:pick { "what is ", "how much is " } .. said
        task.question = r:chance(0.25) and r:pick { "Calculate " .. said .. ".", said .. " = ?",
            "Work out " .. said .. "." }
        return task
    end
    return c
end

-- Tools of one argument whose result has one field: {names, description, key, question, answer}.
local LOOKUPS = {
    { { "get_time", "clock", "local_time" }, "Local time in a city", "city",
        "what time is it in %a", "In %a it is %v.", "time" },
    { { "get_population", "population" }, "Number of people in a city", "city",
        "how many people live in %a", "%v people live in %a.", "people" },
    { { "get_price", "price_of" }, "Price of a thing", "item", "what does %a cost",
        "%a costs %v.", "price" },
    { { "search", "web_search" }, "Search the web", "query", "who is %a", "%a is %v.", "text" },
    { { "find_phone", "phone_book" }, "Phone number of a person", "name",
        "what is the number of %a", "The number of %a is %v.", "phone" },
    { { "translate", "to_korean" }, "Translate a word into Korean", "word",
        "what is %a in Korean", "%a in Korean is %v.", "text" },
    { { "get_height", "height_of" }, "Height of a mountain in metres", "mountain",
        "how high is %a", "%a is %v metres high.", "metres" },
    { { "track", "where_is" }, "Where a parcel is", "id", "where is parcel %a",
        "Parcel %a is in %v.", "place" },
}
for index, spec in ipairs(LOOKUPS) do
    kinds["lookup" .. index] = function(r, held_out)
        local name = r:pick(spec[1])
        local wrap = r:chance(0.3)
        return { name = name, tool = tool(name, spec[2], { { spec[3] } }), ask = function()
            local about = spec[3] == "city" and city_of(r, held_out) or names.word(r)
            if spec[3] == "word" then about = r:pick(facts.words) end
            if spec[3] == "id" then about = tostring(r:range(100, 999)) end
            local value = spec[6] == "time" and ("%d:%02d"):format(r:range(1, 23), r:range(0, 59))
                or (spec[6] == "text" or spec[6] == "place") and names.word(r) or r:range(10, 999)
            local task = { call = call(name, { [spec[3]] = about }),
                result = wrap and json.encode(value) or object(r, { { spec[6], value } }),
                part = filled(spec[4], { a = about }),
                answer = filled(spec[5], { a = about, v = tostring(value) }) }
            return task
        end }
    end
end

function kinds.convert(r)
    local name = r:pick { "convert_currency", "exchange" }
    return { name = name, tool = tool(name, "Convert an amount of money",
        { { "amount", "number" }, { "from" }, { "to" } }), ask = function()
        local amount, money = r:range(2, 900), { "won", "yen", "euros", "dollars", "pounds", "francs" }
        local from, to = r:pick(money), r:pick(money)
        local value = r:range(2, 999)
        return { call = call(name, { amount = amount, from = from, to = to }),
            part = ("how much is %d %s in %s"):format(amount, from, to),
            result = object(r, { { "result", value } }),
            answer = ("%d %s are %d %s."):format(amount, from, value, to) }
    end }
end

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
        local asked, has = nil, {}
        for _, k in ipairs(offered) do has[k.kind] = true end
        local kind = r:pick(ALL)
        if not has[kind] then
            asked = kinds[kind](r).ask()
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
    local wanted = r:pick { 1, 2, 2, 2, 3 }
    local chosen, offered, tools = {}, {}, {}
    local function offer(kind)
        if chosen[kind] then return end
        chosen[kind] = true
        local made = kinds[kind](r, opts.cities == "held out")
        made.kind = kind
        table.insert(offered, r:range(1, #offered + 1), made)
    end
    if form == "compare" or form == "chain" or r:chance(0.5) then offer "weather" end
    if form == "chain" or r:chance(0.45) then offer "calculator" end
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
