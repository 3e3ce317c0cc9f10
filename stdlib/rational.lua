-- SPDX-License-Identifier: Apache-2.0
-- Exact numbers: fractions of whole numbers of any size, for the calculator. A whole number is a
-- list of digits in base 10^7, lowest first, with .sign 1 or -1 (zero is the empty list); products
-- of two digits and a carry stay below 2^53, so that doubles hold them. A fraction {n, d} has d > 0
-- and is in lowest terms. Values are never changed. What grows past LIMIT digits is an error, so
-- that nothing runs for ever. It knows no syntax.

local BASE, WIDTH, LIMIT = 10000000, 7, 2000

local rational = {}

local function check_size(count)
    if count > LIMIT / WIDTH then
        error(("the exact result has more than %d digits"):format(LIMIT), 0)
    end
end

local function trim(digits)
    while digits[#digits] == 0 do digits[#digits] = nil end
    check_size(#digits)
    return digits
end

local function whole(text)
    local digits = { sign = 1 }
    for last = #text, 1, -WIDTH do
        digits[#digits + 1] = tonumber(text:sub(math.max(1, last - WIDTH + 1), last))
    end
    return trim(digits)
end

-- -1, 0, 1 without the signs
local function compare(a, b)
    if #a ~= #b then return #a < #b and -1 or 1 end
    for i = #a, 1, -1 do
        if a[i] ~= b[i] then return a[i] < b[i] and -1 or 1 end
    end
    return 0
end

local function add_digits(a, b)
    local sum, carry = { sign = 1 }, 0
    for i = 1, math.max(#a, #b) do
        local value = (a[i] or 0) + (b[i] or 0) + carry
        carry = value >= BASE and 1 or 0
        sum[i] = value - carry * BASE
    end
    if carry > 0 then sum[#sum + 1] = carry end
    return sum
end

local function subtract_digits(a, b) -- a >= b
    local difference, borrow = { sign = 1 }, 0
    for i = 1, #a do
        local value = a[i] - (b[i] or 0) - borrow
        borrow = value < 0 and 1 or 0
        difference[i] = value + borrow * BASE
    end
    return trim(difference)
end

local function add(a, b)
    if a.sign == b.sign then
        local sum = trim(add_digits(a, b))
        sum.sign = a.sign
        return sum
    end
    local order = compare(a, b)
    if order == 0 then return { sign = 1 } end
    local larger, smaller = a, b
    if order < 0 then larger, smaller = b, a end
    local difference = subtract_digits(larger, smaller)
    difference.sign = larger.sign
    return difference
end

local function signed(a, sign)
    local result = { sign = #a == 0 and 1 or sign }
    for i = 1, #a do result[i] = a[i] end
    return result
end

local function multiply(a, b)
    local product = { sign = (#a == 0 or #b == 0) and 1 or a.sign * b.sign }
    check_size(#a + #b - 1)
    for i = 1, #a + #b do product[i] = 0 end
    for i = 1, #a do
        local carry = 0
        for j = 1, #b do
            local value = product[i + j - 1] + a[i] * b[j] + carry
            carry = math.floor(value / BASE)
            product[i + j - 1] = value - carry * BASE
        end
        product[i + #b] = product[i + #b] + carry
    end
    return trim(product)
end

-- Quotient towards zero and remainder of the amounts, b not zero. Each digit of the quotient is
-- estimated from the leading digits as doubles, which is right to within one.
local function divide(a, b)
    local quotient, rest = { sign = 1 }, { sign = 1 }
    local top = b[#b] * BASE + (b[#b - 1] or 0) + (b[#b - 2] or 0) / BASE
    for i = #a, 1, -1 do
        table.insert(rest, 1, a[i])
        trim(rest)
        local n = #b
        local lead = (rest[n + 1] or 0) * BASE * BASE + (rest[n] or 0) * BASE
            + (rest[n - 1] or 0) + (rest[n - 2] or 0) / BASE
        local guess = math.min(BASE - 1, math.floor(lead / top))
        local product = multiply(b, guess > 0 and { sign = 1, guess } or { sign = 1 })
        product.sign = 1
        while compare(product, rest) > 0 do
            guess = guess - 1
            product = subtract_digits(product, signed(b, 1))
        end
        rest = subtract_digits(rest, product)
        while compare(rest, b) >= 0 do
            guess = guess + 1
            rest = subtract_digits(rest, b)
        end
        quotient[i] = guess
    end
    return trim(quotient), rest
end

local function gcd(a, b)
    while #b > 0 do
        local _, rest = divide(a, b)
        a, b = b, rest
    end
    return signed(a, 1)
end

local ONE = whole "1"

local function fraction(n, d)
    if #n == 0 then return { n, ONE } end
    local common = gcd(n, d)
    if #common == 1 and common[1] == 1 then
        return { signed(n, n.sign * d.sign), signed(d, 1) }
    end
    local top, bottom = divide(n, common), divide(d, common)
    top.sign = n.sign * d.sign
    return { top, bottom }
end

--- From decimal text as "12", "0.5", "1.5e-3" (no sign).
function rational.parse(text)
    local digits, decimals, exponent = text:match("^(%d*)%.?(%d*)[eE]?([+-]?%d*)$")
    local shift = (tonumber(exponent) or 0) - #decimals
    if math.abs(shift) > LIMIT then error("the number has too many digits", 0) end
    local n = whole((digits .. decimals):gsub("^0+", ""))
    local power = whole("1" .. ("0"):rep(math.abs(shift)))
    if shift >= 0 then return { multiply(n, power), ONE } end
    return fraction(n, power)
end

function rational.add(a, b)
    return fraction(add(multiply(a[1], b[2]), multiply(b[1], a[2])), multiply(a[2], b[2]))
end

function rational.negate(a) return { signed(a[1], -a[1].sign), a[2] } end
function rational.subtract(a, b) return rational.add(a, rational.negate(b)) end

function rational.multiply(a, b)
    return fraction(multiply(a[1], b[1]), multiply(a[2], b[2]))
end

function rational.divide(a, b)
    if #b[1] == 0 then error("division by zero", 0) end
    return fraction(multiply(a[1], b[2]), multiply(a[2], b[1]))
end

function rational.is_whole(a) return #a[2] == 1 and a[2][1] == 1 end
function rational.sign(a) return #a[1] == 0 and 0 or a[1].sign end

--- The largest whole number that is not above a.
function rational.floor(a)
    local quotient, rest = divide(a[1], a[2])
    quotient.sign = a[1].sign
    if a[1].sign < 0 and #rest > 0 then quotient = add(quotient, signed(ONE, -1)) end
    if #quotient == 0 then quotient.sign = 1 end
    return { quotient, ONE }
end

--- a to the power of a whole Lua number.
function rational.power(a, exponent)
    if exponent < 0 then
        return rational.divide({ ONE, ONE }, rational.power(a, -exponent))
    end
    local result, square = { ONE, ONE }, a
    while exponent > 0 do
        if exponent % 2 == 1 then result = rational.multiply(result, square) end
        exponent = math.floor(exponent / 2)
        if exponent > 0 then square = rational.multiply(square, square) end
    end
    return result
end

function rational.gcd(a, b) return { gcd(a[1], b[1]), ONE } end

local function digits_of(n)
    if #n == 0 then return "0" end
    local parts = { tostring(n[#n]) }
    for i = #n - 1, 1, -1 do parts[#parts + 1] = ("%07d"):format(n[i]) end
    return table.concat(parts)
end

--- The nearest double, through the leading digits.
function rational.number(a)
    local function lead(n)
        local text = digits_of(n)
        return tonumber("0." .. text:sub(1, 25)), #text
    end
    local top, top_digits = lead(a[1])
    local bottom, bottom_digits = lead(a[2])
    if rational.is_whole(a) then return a[1].sign * tonumber(digits_of(a[1])) end
    return a[1].sign * tonumber(("%.17ge%d"):format(top / bottom, top_digits - bottom_digits))
end

--- Decimal text when that is exact and short enough, else nil.
function rational.text(a, most_decimals)
    local sign = a[1].sign < 0 and "-" or ""
    if rational.is_whole(a) then return sign .. digits_of(a[1]) end
    local twos, fives, rest = 0, 0, a[2]
    while true do
        local half, odd = divide(rest, { sign = 1, 2 })
        if #odd > 0 then break end
        rest, twos = half, twos + 1
    end
    while true do
        local fifth, left = divide(rest, { sign = 1, 5 })
        if #left > 0 then break end
        rest, fives = fifth, fives + 1
    end
    local decimals = math.max(twos, fives)
    if compare(rest, ONE) ~= 0 or decimals > most_decimals then return nil end
    local scaled = divide(multiply(signed(a[1], 1), whole("1" .. ("0"):rep(decimals))), a[2])
    local text = digits_of(scaled)
    text = ("0"):rep(decimals + 1 - #text) .. text
    return sign .. text:sub(1, -decimals - 1) .. "." .. text:sub(-decimals)
end

return rational
