-- SPDX-License-Identifier: Apache-2.0
-- The kinds of tools that tool_dialogues.lua offers: weather, calculator, money and look-ups. A kind is
-- made anew for each dialogue, with other names, parameters and shapes of results:
--     local made = dofile "tool_kinds.lua"
--     made.kinds[name](r, held_out) -> {tool=, ask=function() -> task}
-- tool: as chat templates read it; task: {question= or part=, call=, result=, answer=}, where part
-- is the question as it stands inside a longer one. held_out: cities that training leaves out.
--     made.city(r, held_out), made.korean: for questions that need a city

local here = debug.getinfo(1, "S").source:match("^@(.*)tool_kinds%.lua$") or ""
local facts = dofile(here .. "facts.lua")
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

local kinds = {}

local function city_of(r, held_out)
    if held_out then return r:pick(HELD_OUT) end
    return r:chance(0.15) and names.word(r) or r:pick(CITIES)
end

function kinds.weather(r, held_out)
    local usual = r:chance(0.85)
    local name = usual and "get_weather" or r:pick { "weather", "current_weather", "weather_in" }
    local key = usual and "city" or r:pick { "city", "city", "location", "place" }
    local w = { tool = tool(name, r:pick { "Current weather of a city", "Current weather of a city",
        "The weather in a city", "Weather of a place now" }, { { key } }), key = key, name = name }
    local field = r:pick { "celsius", "celsius", "celsius", "temperature" }
    local sky = r:chance(0.7)
    function w.look(city, korean)
        local degrees, is = r:range(r:chance(0.1) and -9 or 0, 35), r:pick(SKIES)
        local fields = { { field, degrees } }
        if sky then table.insert(fields, r:range(1, 2), { "sky", is }) end
        return { call = call(name, { [key] = city }), result = object(r, fields), value = degrees,
            answer = korean and ("%s의 기온은 %d도입니다."):format(city, degrees)
                or ("It is %d degrees%s in %s."):format(degrees, sky and " and " .. is or "", city) }
    end
    function w.ask()
        if r:chance(0.12) and not held_out then
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
    local usual = r:chance(0.85)
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
        local limit = r:pick { 12, 20, 99, 99, 999 }
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

return { kinds = kinds, city = city_of, korean = KOREAN }
