-- SPDX-License-Identifier: Apache-2.0
-- Arithmetic from text: calculator("2^10 / 3") -> "341.333333333333". Sums, products, quotients and
-- whole powers are exact (rational.lua); what needs a root or a function goes on in doubles. It is
-- a parser of its own: no text is ever run as Lua.
--     sum     = product {("+" | "-") product}
--     product = unary {("*" | "/" | "%") unary}
--     unary   = ("-" | "+") unary | power
--     power   = factor ["^" unary]              2^3^2 is 2^9, -2^2 is -4; ** is ^ too
--     factor  = number | name | name "(" sum {"," sum} ")" | "(" sum ")", then any "!"

local rational = require "moonlet.rational"

local DEEPEST, LONGEST = 100, 10000

local function exact(v) return type(v) == "table" end
local function number(v) return exact(v) and rational.number(v) or v end

-- An exact operation where both sides are exact, else that of doubles.
local function both(a, b, precise, rough)
    if exact(a) and exact(b) then return precise(a, b) end
    return rough(number(a), number(b))
end

local function add(a, b)
    return both(a, b, rational.add, function(x, y) return x + y end)
end
local function subtract(a, b)
    return both(a, b, rational.subtract, function(x, y) return x - y end)
end
local function multiply(a, b)
    return both(a, b, rational.multiply, function(x, y) return x * y end)
end
local function divide(a, b)
    if number(b) == 0 then error("division by zero", 0) end
    return both(a, b, rational.divide, function(x, y) return x / y end)
end

local function floor(a) return exact(a) and rational.floor(a) or math.floor(a) end

local function modulo(a, b)
    if number(b) == 0 then error("division by zero", 0) end
    return subtract(a, multiply(b, floor(divide(a, b))))
end

local function power(a, b)
    if exact(a) and exact(b) and rational.is_whole(b) then
        local exponent = rational.number(b)
        if rational.sign(a) == 0 and exponent < 0 then error("division by zero", 0) end
        if math.abs(exponent) <= 10000 then return rational.power(a, exponent) end
    end
    local x, y = number(a), number(b)
    return x ^ y
end

local function root(a)
    local value = math.sqrt(number(a))
    if exact(a) and value < 1e15 then -- a square of a fraction has an exact root
        local text = ("%.0f"):format(value)
        if value % 1 == 0 and rational.sign(a) >= 0 then
            local whole = rational.parse(text)
            if rational.sign(rational.subtract(rational.multiply(whole, whole), a)) == 0 then
                return whole
            end
        end
    end
    return value
end

local function factorial(a)
    local n = number(a)
    if n < 0 or n % 1 ~= 0 or n > 700 then
        error("a factorial wants a whole number from 0 to 700", 0)
    end
    local result = rational.parse "1"
    for i = 2, n do result = rational.multiply(result, rational.parse(tostring(i))) end
    return result
end

-- To so many decimals, halves away from zero.
local function round(a, places)
    local scale = power(rational.parse "10", places or rational.parse "0")
    local half = rational.parse "0.5"
    local scaled = multiply(a, scale)
    local down = number(scaled) >= 0 and floor(add(scaled, half))
        or subtract(rational.parse "0", floor(subtract(half, scaled)))
    return divide(down, scale)
end

local function extreme(wanted)
    return function(...)
        local best = ...
        for i = 2, select("#", ...) do
            local value = (select(i, ...))
            if (number(subtract(value, best)) > 0) == wanted then best = value end
        end
        return best
    end
end

local function rough(f)
    return function(...)
        local values = { ... }
        for i, value in ipairs(values) do values[i] = number(value) end
        return f(unpack(values))
    end
end

-- name = {function, least and most arguments}
local FUNCTIONS = {
    sqrt = { root, 1, 1 }, floor = { floor, 1, 1 }, round = { round, 1, 2 },
    min = { extreme(false), 1, 100 }, max = { extreme(true), 1, 100 },
    factorial = { factorial, 1, 1 },
    mod = { modulo, 2, 2 }, pow = { power, 2, 2 },
    abs = { function(a) return number(a) < 0 and subtract(rational.parse "0", a) or a end, 1, 1 },
    ceil = { function(a)
        local zero = rational.parse "0"
        return subtract(zero, floor(subtract(zero, a)))
    end, 1, 1 },
    log = { rough(function(x, base) return math.log(x) / (base and math.log(base) or 1) end), 1,
        2 },
    log2 = { rough(function(x) return math.log(x) / math.log(2) end), 1, 1 },
    cbrt = { rough(function(x) return (x < 0 and -1 or 1) * math.abs(x) ^ (1 / 3) end), 1, 1 },
    degrees = { rough(math.deg), 1, 1 }, radians = { rough(math.rad), 1, 1 },
    atan2 = { rough(math.atan2), 2, 2 }, ln = { rough(math.log), 1, 1 },
}
for _, name in ipairs { "exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "log10" } do
    FUNCTIONS[name] = { rough(math[name]), 1, 1 }
end
FUNCTIONS.gcd = { function(a, b)
    if not (exact(a) and exact(b) and rational.is_whole(a) and rational.is_whole(b)) then
        error("gcd wants whole numbers", 0)
    end
    return rational.gcd(a, b)
end, 2, 2 }
local CONSTANTS = { pi = math.pi, e = math.exp(1) }

-- ---- Reading

local parse_sum

local function blanks(state) state.at = state.text:find("[^%s]", state.at) or #state.text + 1 end

local function fail(state, what)
    error(("%s at character %d of \"%s\""):format(what, state.at, #state.text > 60
        and state.text:sub(1, 60) .. "…" or state.text), 0)
end

local function accept(state, ...)
    blanks(state)
    for _, mark in ipairs { ... } do
        if state.text:sub(state.at, state.at + #mark - 1) == mark then
            state.at = state.at + #mark
            return mark
        end
    end
end

local function parse_call(state, name)
    local row = FUNCTIONS[name]
    if not row then fail(state, ("there is no function '%s'"):format(name)) end
    local values = {}
    if not accept(state, ")") then
        repeat values[#values + 1] = parse_sum(state) until not accept(state, ",")
        if not accept(state, ")") then fail(state, "a ) is missing") end
    end
    if #values < row[2] or #values > row[3] then
        fail(state, ("%s wants %d%s arguments, not %d;"):format(name, row[2],
            row[3] > row[2] and " to " .. row[3] or "", #values))
    end
    return row[1](unpack(values))
end

local function parse_primary(state)
    blanks(state)
    local digits = state.text:match("^%d+%.?%d*", state.at) or state.text:match("^%.%d+", state.at)
    if digits then
        local exponent = state.text:match("^[eE][+-]?%d+", state.at + #digits) or ""
        state.at = state.at + #digits + #exponent
        return rational.parse(digits .. exponent)
    end
    local name = state.text:match("^%a[%w_]*", state.at)
    if name then
        state.at = state.at + #name
        name = name:lower()
        if accept(state, "(") then return parse_call(state, name) end
        if not CONSTANTS[name] then
            state.at = state.at - #name
            fail(state, ("'%s' is no number"):format(name))
        end
        return CONSTANTS[name]
    end
    if not accept(state, "(") then
        fail(state, state.at > #state.text and "a number is missing" or "a number is wanted")
    end
    local value = parse_sum(state)
    if not accept(state, ")") then fail(state, "a ) is missing") end
    return value
end

local parse_unary

local function parse_power(state)
    local value = parse_primary(state)
    while accept(state, "!") do value = factorial(value) end
    if accept(state, "^", "**") then return power(value, parse_unary(state)) end
    return value
end

function parse_unary(state)
    state.depth = state.depth + 1
    if state.depth > DEEPEST then fail(state, "nested too deep") end
    local sign, value = accept(state, "-", "−", "+"), nil
    if not sign then value = parse_power(state)
    elseif sign == "+" then value = parse_unary(state)
    else value = subtract(rational.parse "0", parse_unary(state)) end
    state.depth = state.depth - 1
    return value
end

local function parse_product(state)
    local value = parse_unary(state)
    while true do
        blanks(state)
        if state.text:sub(state.at, state.at + 1) == "**" then return value end
        local sign = accept(state, "*", "×", "·", "/", "÷", "%")
        if not sign then return value end
        local other = parse_unary(state)
        if sign == "/" or sign == "÷" then value = divide(value, other)
        elseif sign == "%" then value = modulo(value, other)
        else value = multiply(value, other) end
    end
end

function parse_sum(state)
    local value = parse_product(state)
    while true do
        local sign = accept(state, "+", "-", "−")
        if not sign then return value end
        local other = parse_product(state)
        value = sign == "+" and add(value, other) or subtract(value, other)
    end
end

--- The value of an arithmetic expression as text: exact in full where it is a whole number or a
--- short decimal, else 15 digits. Errors say what is wrong and where.
return function(text)
    if #text > LONGEST then error(("longer than %d characters"):format(LONGEST), 0) end
    local state = { text = text, at = 1, depth = 0 }
    local value = parse_sum(state)
    blanks(state)
    if state.at <= #text then fail(state, "an operator is wanted") end
    local shown = exact(value) and rational.text(value, 30)
    if shown then return shown end
    value = number(value)
    if value ~= value or math.abs(value) == math.huge then
        error("the result is not a real number, or too large", 0)
    end
    return ("%.15g"):format(value)
end
